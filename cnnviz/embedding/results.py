"""A feature space as points on a map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Embedding:
    """n images as points.

    ``points`` is float32 (n, 2 or 3), ``features`` float32 (n, d) what the network made of the
    images at ``layer``, ``labels`` (n,) their classes in the data set, ``predicted`` (n,) the
    model's answers, ``indices`` (n,) the images' places in the split. ``method`` is ``pca`` or
    ``tsne``. ``knn_accuracy`` is the share of images whose class is the commonest among their ten
    nearest neighbours on the map.
    """

    points: np.ndarray
    features: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray
    indices: np.ndarray
    method: str
    layer: str
    knn_accuracy: float
    placer: Callable[[np.ndarray | Sequence], np.ndarray]

    def place(self, images: np.ndarray | Sequence) -> np.ndarray:
        """Where new images (uint8, any size) belong on this map: float32 (m, 2 or 3)."""
        return self.placer(images)
