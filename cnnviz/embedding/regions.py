"""What the model calls the neighbourhood of each place of a map."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

GRID = 96
NO_CLASS = 255  # where no image lies near
_REACH = 2.5  # a place is near where an image lies within so many cells …
_SPREAD = 3.0  # … or so many times the usual distance between neighbouring points
_VOTERS = 5


def regions(points: np.ndarray, predicted: np.ndarray, grid: int = GRID) -> np.ndarray | None:
    """The class that the images nearest to each place were called.

    It is read off the images drawn: a map has no way back to pixels, so what the model would call
    an image at a place between them is not known.

    Args:
        points: (n, 2).
        predicted: (n,) classes.
        grid: cells a side, over the square around the points (the box in its middle).

    Returns:
        (grid, grid) uint8, the first row lowest, 255 where no image is near. Of the five nearest
        images the commonest class counts, of equally common ones that of the nearest. None where
        there are more than 255 classes.
    """
    predicted = np.asarray(predicted)
    if len(points) == 0 or predicted.max() >= NO_CLASS:
        return None
    points = np.asarray(points, np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    side = max(float((high - low).max()), 1e-9)
    corner = (low + high) / 2 - side / 2
    along = (np.arange(grid) + 0.5) / grid * side
    x, y = np.meshgrid(corner[0] + along, corner[1] + along)
    tree = cKDTree(points)
    voters = min(_VOTERS, len(points))
    distances, near = tree.query(np.column_stack([x.ravel(), y.ravel()]), k=voters)
    distances, near = (v.reshape(len(v), -1) for v in (distances, near))
    called = predicted[near]
    agreeing = (called[:, :, None] == called[:, None, :]).sum(axis=2)
    winner = called[np.arange(len(called)), agreeing.argmax(axis=1)]
    usual = np.median(tree.query(points, k=2)[0][:, -1]) if len(points) > 1 else 0.0
    far = distances[:, 0] > max(_REACH * side / grid, _SPREAD * usual)
    return np.where(far, NO_CLASS, winner).astype(np.uint8).reshape(grid, grid)
