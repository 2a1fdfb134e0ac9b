"""What an explanation is: heatmaps, and what they explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Explanation:
    """Which parts of images spoke for a class.

    ``raw`` is float32 (n, h, w) at the resolution of ``layer``; ``heatmaps`` is the same at the
    network's input size (n, H, W). Neither is normalised; they hold negative values where the
    method is ``signed``. ``targets`` (n,) are the explained classes, ``shares`` (n,) their
    probabilities.
    """

    raw: np.ndarray
    heatmaps: np.ndarray
    targets: np.ndarray
    shares: np.ndarray
    layer: str
    method: str
    signed: bool = False

    @property
    def positive_evidence(self) -> np.ndarray:
        """(n,) bool: whether anything at all spoke for the class; if not, a map shows nothing."""
        return self.raw.max(axis=(1, 2)) > 0

    def __len__(self) -> int:
        return len(self.raw)
