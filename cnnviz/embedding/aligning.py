"""Turn one map so that it lies like another: which way up a map is drawn means nothing."""

from __future__ import annotations

import numpy as np


def aligned(points: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """``points`` (n, k), moved, turned and mirrored to lie as close to ``reference`` as they can.

    Orthogonal Procrustes (Schönemann 1966), without scaling: no distance within the map changes.
    """
    points, reference = np.asarray(points, np.float64), np.asarray(reference, np.float64)
    middle, wanted = points.mean(axis=0), reference.mean(axis=0)
    left, _, right = np.linalg.svd((points - middle).T @ (reference - wanted))
    return (points - middle) @ (left @ right) + wanted


def to_unit(points: np.ndarray) -> np.ndarray:
    """``points`` (n, k) around the origin, with a root mean square distance of 1 from it."""
    points = np.asarray(points, np.float64) - np.mean(points, axis=0, dtype=np.float64)
    size = np.sqrt((points**2).sum(axis=1).mean())
    return points / max(float(size), 1e-12)
