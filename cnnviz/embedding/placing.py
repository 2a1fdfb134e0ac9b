"""Where a new image belongs on a map that is there already."""

from __future__ import annotations

import numpy as np

PLACED_BY = 25  # neighbours that place a new image, as in openTSNE
_BLOCK = 4096
_SAMPLE = 200


def nearest_rows(features: np.ndarray, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All rows of ``features`` (n, d) by their Euclidean distance to ``query`` (d,).

    Returns:
        Rows (n,), nearest first, and their distances (n,) float64.
    """
    query = np.asarray(query, np.float64)
    distances = np.concatenate(
        [
            np.sqrt(((features[i : i + _BLOCK].astype(np.float64) - query) ** 2).sum(axis=1))
            for i in range(0, len(features), _BLOCK)
        ]
    )
    order = np.argsort(distances, kind="stable")
    return order, distances[order]


def landing(points: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    """Where an image lands (k,) on a map (n, k), given the rows nearest to it in feature space.

    The median of where those lie, coordinate by coordinate: what openTSNE calls ``prepare_partial``
    with ``median`` (Poličar et al. 2019). Nothing on the map moves.
    """
    return np.median(np.asarray(points, np.float64)[nearest], axis=0)


def placed_by(count: int) -> int:
    """How many neighbours place an image on a map of ``count``: 25, fewer on a small one."""
    return max(1, min(PLACED_BY, count // 10))


def farther_than(features: np.ndarray, distance: float, seed: int = 0) -> float:
    """The share of images (of a sample of 200) that have a nearer nearest neighbour than this.

    Near 1, an image is unlike all others, and its place on the map means little.

    Args:
        features: (n, d) of the images on the map.
        distance: of the new image to the nearest of them.
        seed: of the sample.
    """
    rng = np.random.default_rng(seed)
    sample = rng.permutation(len(features))[:_SAMPLE]
    own = np.full(len(sample), np.inf)
    asked = features[sample].astype(np.float64)
    lengths = (asked**2).sum(axis=1)
    for start in range(0, len(features), _BLOCK):
        rows = features[start : start + _BLOCK].astype(np.float64)
        squares = lengths[:, None] + (rows**2).sum(axis=1)[None] - 2 * asked @ rows.T
        places = np.arange(start, start + len(rows))
        squares[sample[:, None] == places[None]] = np.inf
        own = np.minimum(own, squares.min(axis=1))
    return float((np.sqrt(np.maximum(own, 0)) < distance).mean())
