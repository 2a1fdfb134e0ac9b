"""A map of many images: points on a canvas, the image under the pointer enlarged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnviz.figures.tiles import Sprite
from cnnviz.ui.components.base import ignore, packed, register, sprite_data

_mount = register("scatter")


def scatter(
    points: np.ndarray,
    labels: np.ndarray,
    names: Sequence[str],
    colours: Sequence[str],
    *,
    key: str,
    predicted: np.ndarray | None = None,
    sprite: Sprite | None = None,
    right_text: str = "{true}",
    wrong_text: str = "{true}, called {predicted}",
    own: tuple[float, float] | None = None,
    own_text: str = "your image",
    selected: int | None = None,
    height: int = 620,
    label: str = "",
    reset: str = "Show all",
) -> int | None:
    """Draw ``points`` (n ≤ 10,000, 2), coloured by ``labels`` (n,); returns the clicked index.

    ``names`` and ``colours`` are per class; the legend switches classes off and on, and each name
    stands amid its points. Where ``predicted`` differs from the label the point is a cross.
    ``sprite`` holds the n images shown on hover. ``own`` is one more point, marked and named.
    Wheel or pinch zooms, dragging moves, a double click shows all; new ``points`` of the same
    number move there smoothly.
    """
    points = np.asarray(points, np.float32)
    corners = points if own is None else np.vstack([points, np.float32(own)[None]])
    low = corners.min(axis=0)
    # One scale for both axes: distances are what the map is about.
    reach = np.maximum(corners.max(axis=0) - low, 1e-9)
    extent = float(reach.max())
    shares = (corners - low + (extent - reach) / 2) / extent
    quantised = np.round(shares * 65535)
    data = {
        "points": packed(quantised[: len(points)], np.uint16),
        "extent": np.maximum(reach / extent, 0.05).tolist(),
        "labels": packed(labels, np.uint16),
        "predicted": None if predicted is None else packed(predicted, np.uint16),
        "names": list(names),
        "colours": list(colours),
        "sprite": None if sprite is None else sprite_data(sprite, f"{key}.sprite"),
        "rightText": right_text,
        "wrongText": wrong_text,
        "own": None if own is None else quantised[-1].tolist(),
        "ownText": own_text,
        "selected": selected,
        "height": height,
        "label": label,
        "reset": reset,
    }
    clicked = _mount(key=key, data=data, on_clicked_change=ignore).clicked
    return None if clicked is None else int(clicked)
