"""A grid of images that can be clicked: feature maps, samples, galleries."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.figures.tiles import Sprite
from cnnviz.ui.components.base import ignore, register, sprite_data

_mount = register("grid")


def grid(
    sprite: Sprite,
    *,
    key: str,
    side: int = 96,
    captions: Sequence[str] | None = None,
    tooltips: Sequence[str] | None = None,
    dead: Sequence[bool] | None = None,
    marked: Sequence[bool] | None = None,
    selected: int | None = None,
    label: str = "",
) -> int | None:
    """Draw the sprite's images at about ``side`` pixels; returns the one clicked just now.

    ``captions`` stand under the images (line breaks part their lines), ``tooltips`` show on hover
    and are read aloud. ``dead`` images are hatched, ``marked`` ones have a red line under them
    (say it in the caption too), the ``selected`` one is framed. ``label`` names the whole grid.
    """
    data = {
        "sprite": sprite_data(sprite, f"{key}.sprite"),
        "count": sprite.geometry.count,
        "side": side,
        "captions": None if captions is None else [c.split("\n") for c in captions],
        "tooltips": None if tooltips is None else list(tooltips),
        "dead": _positions(dead),
        "marked": _positions(marked),
        "selected": selected,
        "label": label,
    }
    clicked = _mount(key=key, data=data, on_clicked_change=ignore).clicked
    return None if clicked is None else int(clicked)


def _positions(flags: Sequence[bool] | None) -> list[int]:
    return [] if flags is None else [i for i, flag in enumerate(flags) if flag]
