"""A sheet to draw on with a mouse, a finger or a pen."""

from __future__ import annotations

from cnnviz.ui.components.base import ignore, register, unpacked_image

_mount = register("draw")


def draw(
    *,
    key: str,
    side: int = 280,
    stroke: int = 22,
    live: bool = True,
    use: str = "Use this drawing",
    undo: str = "Undo",
    clear: str = "Clear",
    label: str = "A sheet to draw on",
) -> bytes | None:
    """Show the sheet (black on white, ``side`` × ``side`` pixels); returns a finished drawing.

    That is a PNG, once: half a second after a stroke ends (``live``), and when “use” is pressed.
    Undoing and clearing return nothing. Raises BadInput where the browser sent something else.
    """
    data = {
        "side": side,
        "stroke": stroke,
        "live": live,
        "use": use,
        "undo": undo,
        "clear": clear,
        "label": label,
    }
    return unpacked_image(_mount(key=key, data=data, on_drawn_change=ignore).drawn)
