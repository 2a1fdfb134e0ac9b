"""Images that are unlike anything in training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnnviz.evaluation.duplicates import unit_rows

NEIGHBOUR = 10  # which of the nearest training images counts: a single twin proves little
PERCENTILE = 99.0  # of the training images' own distances
_CELLS = 1 << 23  # similarities in memory at once


@dataclass(frozen=True)
class Novelty:
    """``distance`` (n,) float32 of images to training, 0 to 2, and the ``limit`` that few training
    images exceed."""

    distance: np.ndarray
    limit: float

    @property
    def where(self) -> np.ndarray:
        """(n,) bool: unlike anything in training."""
        return self.distance > self.limit


def find_novel(
    features: np.ndarray, training: np.ndarray, step: Callable[[float], None] | None = None
) -> Novelty:
    """How far images lie from the training images in a layer's feature space.

    The distance is the one to the k-th nearest training image, between features of length 1 (Sun et
    al. 2022, "Out-of-distribution detection with deep nearest neighbors", arXiv 2204.06507). The
    limit is the 99th percentile of the same distance of each training image to the others.

    Args:
        features: (n, d) of the images.
        training: (m, d) of the training images, at least 2.
        step: called with the fraction done.
    """
    step = step or (lambda fraction: None)
    rows, others = unit_rows(features), unit_rows(training)
    nearest = min(NEIGHBOUR, len(others) - 1)
    share = len(others) / (len(others) + len(rows))
    own = _distances(others, others, nearest, True, lambda f: step(share * f))
    far = _distances(rows, others, nearest, False, lambda f: step(share + (1 - share) * f))
    return Novelty(far, float(np.percentile(own, PERCENTILE)))


def _distances(
    a: np.ndarray, b: np.ndarray, nearest: int, within: bool, step: Callable[[float], None]
) -> np.ndarray:
    """(n,) float32: the distance of each row of ``a`` to its k-th nearest of ``b``."""
    found = np.empty(len(a), np.float32)
    block = max(1, _CELLS // len(b))
    for start in range(0, len(a), block):
        likeness = a[start : start + block] @ b.T
        if within:
            places = np.arange(len(likeness))
            likeness[places, start + places] = -np.inf
        likeness = np.partition(likeness, -nearest, axis=1)[:, -nearest]
        found[start : start + block] = np.sqrt(np.maximum(2 - 2 * likeness, 0))
        step(min(1.0, (start + block) / len(a)))
    return found
