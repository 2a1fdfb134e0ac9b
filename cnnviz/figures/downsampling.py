"""Fewer points for the same picture: long curves whose peaks and dips survive.

A curve of 10,000 values drawn on 600 pixels has 16 values a pixel. Of every bucket of neighbouring
values the smallest and the largest are kept (min/max decimation, the “M4” of Jugel et al., VLDB
2014, without its outer two), which is what the pixels would have shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def bucket_size(count: int, buckets: int) -> int:
    """Values a bucket: the smallest power of two with which ``buckets`` hold ``count`` values.

    Buckets of a growing curve begin at its first value and only ever double, so that what is
    drawn already stays where it is.
    """
    size = 1
    while size * buckets < count:
        size *= 2
    return size


def extremes(values: Sequence[float] | np.ndarray, buckets: int = 250) -> np.ndarray:
    """Positions of the first and last value and of every bucket's smallest and largest, ascending.

    At most ``2 * buckets + 2`` of them; all positions while there are no more than that.
    """
    series = np.asarray(values, np.float64)
    count = len(series)
    if count <= 2 * buckets:
        return np.arange(count)
    size = bucket_size(count, buckets)
    rows = -(-count // size)
    padded = np.pad(series, (0, rows * size - count), mode="edge").reshape(rows, size)
    starts = np.arange(rows) * size
    found = [starts + padded.argmin(axis=1), starts + padded.argmax(axis=1), [0, count - 1]]
    return np.unique(np.minimum(np.concatenate(found), count - 1))


def ends(count: int, buckets: int = 250) -> np.ndarray:
    """Positions of the last value of every bucket, ascending: enough for a smooth curve."""
    if count <= buckets:
        return np.arange(count)
    size = bucket_size(count, buckets)
    return np.unique(np.append(np.arange(size - 1, count, size), count - 1))


def smoothed(values: Sequence[float] | np.ndarray, memory: float | np.ndarray = 0.94) -> np.ndarray:
    """An exponential moving average without the bias of its start (arXiv 1412.6980, section 3).

    ``memory`` is the share of the past that is kept at every value, or at each of them.
    """
    series = np.asarray(values, np.float64)
    memories = np.broadcast_to(np.asarray(memory, np.float64), len(series))
    result = []
    total = weight = 0.0
    # Plain floats: a loop over NumPy's takes ten times as long.
    for value, kept in zip(series.tolist(), memories.tolist(), strict=True):
        total = kept * total + (1 - kept) * value
        weight = kept * weight + (1 - kept)
        result.append(total / weight if weight else value)  # all of the past is kept: none yet
    return np.asarray(result, np.float64)
