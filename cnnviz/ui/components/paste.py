"""A place for an image from the clipboard."""

from __future__ import annotations

from cnnviz.ui.components.base import ignore, register, unpacked_image

_mount = register("paste")


def paste(
    *,
    key: str,
    hint: str = "Copy an image, then press Ctrl+V here.",
    button: str = "Paste",
    no_image: str = "There is no image in the clipboard.",
    largest: int = 2048,
) -> bytes | None:
    """Show the place; returns a pasted image, once, as PNG or JPEG.

    The browser has shrunk it to at most ``largest`` pixels a side and laid it on white. A paste
    counts anywhere on the page while the place is shown, except in a text field. The button is
    there where the browser may read the clipboard (HTTPS or localhost). Raises BadInput where
    the browser sent something else.
    """
    data = {"hint": hint, "button": button, "noImage": no_image, "largest": largest}
    return unpacked_image(_mount(key=key, data=data, on_pasted_change=ignore).pasted)
