"""What an explanation is: heatmaps, and what they explain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Explanation:
    """Which parts of images spoke for a class.

    ``raw`` is float32 (n, h, w): at the resolution of ``layer``, or of the input for methods that
    take no layer (``layer`` is then None). ``heatmaps`` is the same at the network's input size
    (n, H, W). Neither is normalised; they hold negative values where the result is ``signed``.
    ``targets`` (n,) are the explained classes, ``shares`` (n,) their probabilities, ``against``
    (n,) the classes they are held against, −1 for none. ``details`` are figures of the method
    about its own map, an array (n,) each.
    """

    raw: np.ndarray
    heatmaps: np.ndarray
    targets: np.ndarray
    shares: np.ndarray
    layer: str | None
    method: str
    signed: bool = False
    against: np.ndarray | None = None
    details: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def positive_evidence(self) -> np.ndarray:
        """(n,) bool: whether anything at all spoke for the class; if not, a map shows nothing."""
        return self.raw.max(axis=(1, 2)) > 0

    def __len__(self) -> int:
        return len(self.raw)
