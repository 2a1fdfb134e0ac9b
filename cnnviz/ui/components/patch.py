"""A patch that is moved over an image, and the vote without what it covers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from cnnviz.ui.components.base import picture as address_of
from cnnviz.ui.components.base import register

_mount = register("patch")


@dataclass(frozen=True)
class Position:
    """Where the patch is: its centre and its size in thousandths of the height, the width and the
    shorter side of the image."""

    row: int
    column: int
    size: int


@dataclass(frozen=True)
class Bar:
    """The share of a class before and after, 0–1 and in words; ``marked`` is the one explained."""

    name: str
    before: float
    after: float
    before_text: str
    after_text: str
    marked: bool = False


def patch(
    picture: bytes,
    *,
    heat: bytes | None,
    key: str,
    aspect: float,
    at: Position,
    answered: Position,
    colour: str,
    sentence: str,
    bars: Sequence[Bar],
    words: dict[str, str],
    sizes: tuple[int, int] = (60, 700),
    on_move: Callable[[Position, bool], None],
) -> None:
    """Draw the image with the patch, and the bars beside it.

    Args:
        picture: the image as the network receives it; ``aspect`` is its width by its height.
        heat: the same with a heatmap on it, which can be switched on and off.
        at: where the patch starts; afterwards the browser knows better.
        answered: the position that ``colour`` (of the patch), ``sentence`` and ``bars`` are about.
        words: ``label``, ``patch``, ``size``, ``before``, ``after``, ``hint``, ``heat``.
        sizes: the smallest and the largest patch, in thousandths.
        on_move: called before the script runs again, with where the patch is now and whether it
            rests there. The next move is sent when the one before has been answered.
    """

    def moved() -> None:
        found = moved_to(st.session_state[key].moved, sizes)
        if found is not None:
            on_move(*found)

    data = {
        "src": address_of(picture, f"{key}.picture"),
        "heat": None if heat is None else address_of(heat, f"{key}.heat"),
        "aspect": aspect,
        "at": asdict(at),
        "answered": asdict(answered),
        "colour": colour,
        "sentence": sentence,
        "bars": [asdict(bar) for bar in bars],
        "words": words,
        "sizes": list(sizes),
    }
    _mount(key=key, data=data, on_moved_change=moved)


def moved_to(event: object, sizes: tuple[int, int]) -> tuple[Position, bool] | None:
    """What a browser sent, held within the bounds; None where it is something else."""
    try:
        row, column, size = (int(event[name]) for name in ("row", "column", "size"))
        rests = bool(event["rests"])
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
    held = (min(max(value, 0), 1000) for value in (row, column))
    return Position(*held, min(max(size, sizes[0]), sizes[1])), rests
