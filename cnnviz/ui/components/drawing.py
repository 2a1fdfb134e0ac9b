"""A drawing (SVG) with parts that can be clicked, scrolling where it is wider than the page."""

from __future__ import annotations

from cnnviz.ui.components.base import ignore, register

_mount = register("drawing")


def drawing(svg: str, *, key: str, label: str = "") -> str | None:
    """Show an SVG text of ours (names in it escaped); returns the clicked part's ``data-id``.

    Parts are elements with ``data-id``; their ``data-testid`` is the same. ``label`` is read aloud.
    The part marked ``data-selected`` is scrolled into view.
    """
    return _mount(key=key, data={"svg": svg, "label": label}, on_clicked_change=ignore).clicked
