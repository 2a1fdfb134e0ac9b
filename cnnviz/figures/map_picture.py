"""The map of a feature space as a plain picture: what is shown while it is still forming."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from cnnviz.figures.colours import class_colour, rgb

_MARGIN = 0.04
_RADIUS = 4


def map_picture(
    points: np.ndarray,
    labels: Sequence[int] | np.ndarray,
    size: tuple[int, int] = (620, 1000),
) -> np.ndarray:
    """Points (n, 2), coloured by class, as (h, w, 4) uint8 on a transparent background.

    Both axes have one scale, because distances are what the map is about.
    """
    height, width = size
    picture = np.zeros((height, width, 4), np.uint8)
    if not len(points):
        return picture
    points = np.asarray(points, np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = max(float((high - low).max()), 1e-9)
    scale = (1 - 2 * _MARGIN) * min(height, width) / extent
    placed = (points - (low + high) / 2) * scale * [1, -1] + [width / 2, height / 2]
    for (x, y), label in zip(placed, labels, strict=True):
        colour = (*rgb(class_colour(int(label))), 255)
        cv2.circle(picture, (round(x), round(y)), _RADIUS, colour, -1, cv2.LINE_AA)
    return picture
