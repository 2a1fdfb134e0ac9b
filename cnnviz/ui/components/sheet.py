"""A contact sheet: hundreds of small images at once, in rows that are drawn as they are seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from cnnviz.figures.tiles import Sprite
from cnnviz.ui.components.base import packed, register, sprite_data

_mount = register("sheet")


def sheet(
    sprites: Sequence[Sprite],
    true: np.ndarray,
    called: np.ndarray,
    shares: np.ndarray,
    names: Sequence[str],
    colours: Sequence[str],
    *,
    key: str,
    on_click: Callable[[int], None],
    headings: Sequence[tuple[int, str]] = (),
    marked: Sequence[int] = (),
    selected: int | None = None,
    side: int = 76,
    named: bool = True,
    says: str = "{true} → {called}, {share}",
    right_says: str = "{true}, {share}",
    share_text: str = "{n} %",
    marked_text: str = "marked",
    label: str = "",
) -> None:
    """Draw the images of ``sprites`` in order; a click calls ``on_click`` with the tile's number.

    Args:
        sprites: n images in all, each sprite a file of its own.
        true, called: (n,) classes; ``shares`` (n,) 0–1 of the called one.
        names, colours: per class. A tile's lower edge has the colour of the called class.
        headings: (tile, text) in front of which a line of text stands.
        marked: tiles with a corner; ``selected`` is framed, and scrolled to when it changes.
        side: of a tile, in pixels, at least. ``named``: the called class stands under each.
        says: what is read of a wrong answer, ``right_says`` of a right one.
    """
    classes, where = np.unique(np.concatenate([true, called]), return_inverse=True)
    data = {
        "sprites": [
            {**sprite_data(one, f"{key}.{i}.sprite"), "count": one.geometry.count}
            for i, one in enumerate(sprites)
        ],
        "count": len(true),
        "true": packed(where[: len(true)], np.uint16),
        "called": packed(where[len(true) :], np.uint16),
        "shares": packed(np.floor(1000 * np.clip(shares, 0, 1)), np.uint16),
        "names": [names[c] for c in classes],
        "colours": [colours[c] for c in classes],
        "headings": [[int(start), text] for start, text in headings],
        "marked": [int(i) for i in marked],
        "selected": selected,
        "side": side,
        "named": named,
        "says": says,
        "rightSays": right_says,
        "shareText": share_text,
        "markedText": marked_text,
        "label": label,
    }

    def clicked() -> None:
        tile = _clicked(key)
        if tile is not None and 0 <= tile < len(true):
            on_click(tile)

    _mount(key=key, data=data, on_clicked_change=clicked)


def _clicked(key: str) -> int | None:
    """The tile that a browser says was clicked."""
    state = st.session_state.get(key)
    tile = None if state is None else state.get("clicked")
    return tile if isinstance(tile, int) else None
