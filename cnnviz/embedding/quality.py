"""How far a map can be trusted, and how well a layer's features tell the classes apart."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors

NEIGHBOURS = 10
_BLOCK_VALUES = 4_000_000  # distances in memory at once


def trustworthiness(
    features: np.ndarray, points: np.ndarray, neighbours: int = NEIGHBOURS
) -> float | None:
    """How many of the neighbours on a map are neighbours in truth, 0 to 1.

    Venna & Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001: points
    that are neighbours on the map only by the map's fault are counted, the more the farther they
    are in truth. Exact, and what scikit-learn computes; but in blocks, so that ten thousand points
    need 100 MB instead of 2 GB.

    Args:
        features: (n, d) what was mapped.
        points: (n, 2 or 3) the map.
        neighbours: how many nearest points of the map are looked at.

    Returns:
        1 where every neighbour is one in truth; about 0.5 for random points. None where there are
        not more than twice as many points as neighbours: it is not defined then.
    """
    count = len(points)
    if count <= 2 * neighbours:
        return None
    rows = np.asarray(features, np.float64)
    rows = rows - rows.mean(axis=0)
    squares = np.einsum("ij,ij->i", rows, rows)
    near = NearestNeighbors(n_neighbors=neighbours).fit(points).kneighbors(return_distance=False)
    excess = 0
    block = max(1, _BLOCK_VALUES // count)
    for start in range(0, count, block):
        part = slice(start, min(start + block, count))
        distances = squares[part, None] + squares[None] - 2 * rows[part] @ rows.T
        distances[np.arange(len(distances)), np.arange(part.start, part.stop)] = np.inf
        found = np.take_along_axis(distances, near[part], axis=1)
        for column in range(neighbours):
            nearer = (distances < found[:, column, None]).sum(axis=1)
            excess += int(np.maximum(nearer + 1 - neighbours, 0).sum())
    return 1 - 2 * excess / (count * neighbours * (2 * count - 3 * neighbours - 1))


def knn_accuracy(rows: np.ndarray, labels: np.ndarray, neighbours: int = NEIGHBOURS) -> float:
    """The share of rows whose label is the commonest among their nearest others.

    ``rows`` (n, d) are features or points of a map. Of equally common labels the lowest counts.
    """
    neighbours = min(neighbours, len(rows) - 1)
    rows = np.asarray(rows, np.float32)
    near = NearestNeighbors(n_neighbors=neighbours).fit(rows).kneighbors(return_distance=False)
    classes, numbers = np.unique(labels, return_inverse=True)
    votes = np.zeros((len(rows), len(classes)), np.int32)
    np.add.at(votes, (np.arange(len(rows))[:, None], numbers[near]), 1)
    return float((votes.argmax(axis=1) == numbers).mean())


def silhouette(rows: np.ndarray, labels: np.ndarray) -> float | None:
    """How much nearer rows (n, d) are to their own class than to the next one, −1 to 1.

    The mean of (b − a) / max(a, b), with a the mean distance to the own class and b that to the
    nearest other (Rousseeuw 1987). None where there are not at least two classes, or no two rows
    of one.
    """
    classes = len(np.unique(labels))
    if not 2 <= classes < len(labels):
        return None
    return float(silhouette_score(np.asarray(rows, np.float32), labels))
