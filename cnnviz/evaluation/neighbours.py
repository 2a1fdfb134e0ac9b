"""Nearest images in feature space: exact, by cosine distance."""

from __future__ import annotations

import numpy as np

_BLOCK = 8192  # rows that are held against the queries at once


def nearest(
    features: np.ndarray,
    queries: np.ndarray,
    count: int,
    exclude: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of ``features`` nearest to each query, nearest first; of equal ones the first row.

    The cosine distance is 1 − cos of the angle between two rows, 0 to 2. It looks at which channels
    respond and not at how strongly they all do. A row of zeros has no direction: its distance to
    anything is 1, as in scikit-learn.

    Args:
        features: (n, d), also a file mapped into memory: it is read in blocks.
        queries: (q, d).
        count: rows wanted for each query; fewer where there are fewer.
        exclude: (q,) a row that does not count for its query (itself, for instance), or -1.

    Returns:
        Rows (q, k) int64 and their distances (q, k) float32; k is ``count`` or the rows there are
        (less one where some are excluded).
    """
    count = min(count, len(features) - (0 if exclude is None else 1))
    if count <= 0:
        return np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0), np.float32)
    wanted = _directions(queries)
    best_rows = np.zeros((len(queries), 0), np.int64)
    best = np.zeros((len(queries), 0), np.float32)
    for start in range(0, len(features), _BLOCK):
        distances = 1 - wanted @ _directions(features[start : start + _BLOCK]).T
        if exclude is not None:
            inside = (exclude >= start) & (exclude < start + distances.shape[1])
            distances[inside, exclude[inside] - start] = np.inf
        rows = np.broadcast_to(start + np.arange(distances.shape[1]), distances.shape)
        best = np.concatenate([best, distances], axis=1)
        best_rows = np.concatenate([best_rows, rows], axis=1)
        best, best_rows = _smallest(best, best_rows, count)
    return best_rows, np.clip(best, 0, 2)


def distances_to(features: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Cosine distances (n,) float32 of all rows of ``features`` (n, d) to one query (d,)."""
    wanted = _directions(query[None])[0]
    parts = [
        1 - _directions(features[start : start + _BLOCK]) @ wanted
        for start in range(0, len(features), _BLOCK)
    ]
    return np.clip(np.concatenate(parts), 0, 2) if parts else np.zeros(0, np.float32)


def _directions(rows: np.ndarray) -> np.ndarray:
    rows = np.asarray(rows, np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def _smallest(distances: np.ndarray, rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``count`` smallest of each line in order; of equal ones the smaller row."""
    if distances.shape[1] > 4 * count:  # a full sort of thousands would take longest
        last = np.partition(distances, count - 1, axis=1)[:, count - 1 : count]
        widest = int((distances <= last).sum(axis=1).max())
        part = np.argpartition(distances, min(widest, distances.shape[1]) - 1, axis=1)[:, :widest]
        distances = np.take_along_axis(distances, part, axis=1)
        rows = np.take_along_axis(rows, part, axis=1)
    order = np.lexsort((rows, distances), axis=1)[:, :count]
    return np.take_along_axis(distances, order, axis=1), np.take_along_axis(rows, order, axis=1)
