"""A map of many images: points on a canvas, the image under the pointer enlarged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnviz.figures.atlas import Atlas
from cnnviz.figures.tiles import Sprite
from cnnviz.ui.components.base import ignore, packed, register, sprite_data
from cnnviz.ui.language import _

# From little to much: blue to orange through grey, told apart by people who see no red or green;
# lighter with every step, and both ends stand out on white as on black.
LOW_TO_HIGH = ("#2459b3", "#5b7fb0", "#98958f", "#cf9347", "#f58a07")
RIGHT_COLOUR, WRONG_COLOUR = "#3f90da", "#e76300"
UNKNOWN_COLOUR = "#94a4a2"
NO_CLASS = 255  # in a background
_LEVELS = 64  # of a continuous colour; the next number is a value that is not known

_mount = register("scatter", "sheets", "crowd", "painter")


@dataclass(frozen=True)
class ScatterClick:
    """What somebody has just done with a map; None for what they did not do.

    ``clicked`` is the index of a point. ``lasso`` (k,) int64 are the indices that a line was drawn
    around, ascending; empty when the choice was taken back.
    """

    clicked: int | None = None
    lasso: np.ndarray | None = None


@dataclass(frozen=True)
class Groups:
    """What points are coloured by where that is not their class: ``values`` (n,) into ``names``."""

    values: np.ndarray
    names: Sequence[str]
    colours: Sequence[str]


def right_or_wrong(labels: np.ndarray, predicted: np.ndarray) -> Groups:
    """Two groups: what was recognised, and what was called something else."""
    wrong = np.asarray(labels) != np.asarray(predicted)
    names = (_("recognised"), _("called something else"))
    return Groups(wrong.astype(np.uint16), names, (RIGHT_COLOUR, WRONG_COLOUR))


def bounding_square(points: np.ndarray) -> tuple[float, float, float]:
    """The left, the bottom and the side of the square around ``points`` (n, 2), in their units.

    The points' box lies in its middle and touches it on two sides.
    """
    points = np.asarray(points, np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    side = max(float((high - low).max()), 1e-9)
    left, bottom = (low + high) / 2 - side / 2
    return float(left), float(bottom), side


def scatter(
    points: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    colours: Sequence[str],
    *,
    key: str,
    predicted: np.ndarray | None = None,
    sprite: Sprite | Atlas | None = None,
    right_text: str = "{true}",
    wrong_text: str | None = None,
    own: Sequence[tuple[float, float, str]] = (),
    own_links: Sequence[Sequence[int]] = (),
    selected: int | None = None,
    groups: Groups | None = None,
    colour_values: np.ndarray | None = None,
    colour_scale: Sequence[str] = LOW_TO_HIGH,
    legend: tuple[str, str] = ("", ""),
    background: np.ndarray | None = None,
    background_square: tuple[float, float, float] | None = None,
    lasso: bool = False,
    chosen: Sequence[int] | np.ndarray | None = None,
    height: int = 620,
    label: str = "",
    reset: str | None = None,
) -> ScatterClick:
    """Draw ``points`` (n ≤ 10,000, 2), coloured by ``labels`` (n,); returns what was clicked.

    ``names`` and ``colours`` are per class; the legend switches classes off and on, and each name
    stands amid its points. Where ``predicted`` differs from the label the point is a cross. Wheel
    or pinch zooms, dragging moves, a double click shows all; arrow keys go from point to point,
    Enter opens. New ``points`` of the same number move there smoothly.

    Args:
        sprite: the n images, one of which is shown on hover; an atlas for many.
        right_text, wrong_text: about a point, with the places ``{true}`` and ``{predicted}``.
        own: further points (x, y, name), each marked by a star and named.
        own_links: for each of ``own`` the indices of the points that lines lead to.
        selected: the point that is open elsewhere; a ring stands around it.
        groups: colours and legend by these in place of the classes.
        colour_values: (n,) from 0 to 1, not a number where unknown: colours along
            ``colour_scale`` (``#rrggbb`` from 0 to 1); ``legend`` are the words at its ends.
        background: (g, g) uint8, the class of each cell, 255 for none; drawn faintly. The first
            row is the lowest, as the second axis points upwards.
        background_square: what it covers (left, bottom, side), in the points' units;
            ``bounding_square(points)`` when None.
        lasso: a line can be drawn around points (a button, or the pointer with Shift held).
        chosen: indices that stand out, the rest is dimmed: what an earlier lasso returned. None
            leaves that to the browser.
        height: of the map in pixels.
        label: names the map to those who cannot see it.
        reset: on the button that shows all again.
    """
    points = np.asarray(points, np.float64)
    count = len(points)
    stars = np.array([(x, y) for x, y, _name in own], np.float64).reshape(-1, 2)
    corners = np.concatenate([points, stars])
    # One scale for both axes: distances are what the map is about.
    left, bottom, side = bounding_square(corners)
    reach = np.ptp(corners, axis=0) / side
    shares = np.clip((corners - [left, bottom]) / side, 0, 1)
    quantised = np.round(shares * 65535)
    square = background_square or bounding_square(points)
    data = {
        "points": packed(quantised[:count], np.uint16),
        "extent": np.maximum(reach, 0.05).tolist(),
        "labels": packed(labels, np.uint16),
        "predicted": None if predicted is None else packed(predicted, np.uint16),
        "names": list(names),
        "colours": list(colours),
        "groups": None if groups is None else _groups(groups),
        "values": None if colour_values is None else packed(_levels(colour_values), np.uint8),
        "scale": {"colours": list(colour_scale), "levels": _LEVELS, "unknown": UNKNOWN_COLOUR},
        "legend": list(legend),
        "background": None if background is None else _background(background),
        "square": [(square[0] - left) / side, (square[1] - bottom) / side, square[2] / side],
        "sprite": None if sprite is None else sprite_data(sprite, f"{key}.sprite"),
        "rightText": right_text,
        "wrongText": _("{true}, called {predicted}") if wrong_text is None else wrong_text,
        "own": [
            {"at": at, "name": name, "links": list(map(int, links))}
            for at, (_x, _y, name), links in zip(
                quantised[count:].tolist(), own, [*own_links, *[()] * len(own)], strict=False
            )
        ],
        "selected": selected,
        "lasso": lasso,
        "chosen": None if chosen is None else np.asarray(chosen, int).tolist(),
        "height": height,
        "label": label,
        "words": {
            "reset": _("Show all") if reset is None else reset,
            "lasso": _("Draw around points"),
            "lassoHint": _("Draw a line around the points that you want. Esc ends it."),
            "clear": _("Take the choice back"),
            "chosen": _("{count} points chosen"),
            "keys": _("Arrow keys go from point to point, Enter opens the image."),
            "unknown": _("not known"),
        },
    }
    result = _mount(key=key, data=data, on_clicked_change=ignore, on_lasso_change=ignore)
    return ScatterClick(_place(result.clicked, count), _places(result.lasso, count))


def _groups(groups: Groups) -> dict:
    return {
        "values": packed(groups.values, np.uint16),
        "names": list(groups.names),
        "colours": list(groups.colours),
    }


def _levels(values: np.ndarray) -> np.ndarray:
    """From 0 to 1 → one of the levels of the scale, the one after the last where unknown."""
    values = np.asarray(values, np.float64)
    known = np.isfinite(values)
    levels = np.round(np.clip(np.where(known, values, 0), 0, 1) * (_LEVELS - 1))
    return np.where(known, levels, _LEVELS)


def _background(cells: np.ndarray) -> dict:
    if cells.ndim != 2 or cells.shape[0] != cells.shape[1] or cells.dtype != np.uint8:
        raise ValueError("a background is (g, g) uint8")
    return {"cells": packed(cells, np.uint8), "side": len(cells), "none": NO_CLASS}


def _place(index: object, count: int) -> int | None:
    """What a browser says was clicked; None where there is no such point."""
    known = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < count
    return index if known else None


def _places(found: object, count: int) -> np.ndarray | None:
    if not isinstance(found, list):
        return None
    known = {place for place in (_place(i, count) for i in found[:count]) if place is not None}
    return np.array(sorted(known), np.int64)
