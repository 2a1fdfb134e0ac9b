"""What an explanation is: heatmaps, and what they explain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np


@dataclass(frozen=True)
class Explanation:
    """Which parts of images spoke for a class.

    ``raw`` is float32 (n, h, w): at the resolution of ``layer``, or of the input for methods that
    take no layer (``layer`` is then None); ``size`` (H, W) is the network's input size. The maps
    are not normalised; they hold negative values where the result is ``signed``.
    ``targets`` (n,) are the explained classes, ``shares`` (n,) their probabilities, ``against``
    (n,) the classes they are held against, −1 for none. ``details`` are figures of the method
    about its own map, an array (n,) each.
    """

    raw: np.ndarray
    size: tuple[int, int]
    targets: np.ndarray
    shares: np.ndarray
    layer: str | None
    method: str
    signed: bool = False
    against: np.ndarray | None = None
    details: Mapping[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def heatmaps(self) -> np.ndarray:
        """(n, H, W) float32: the maps at the network's input size, not normalised either."""
        return enlarge(self.raw, self.size)

    @property
    def positive_evidence(self) -> np.ndarray:
        """(n,) bool: whether anything at all spoke for the class; if not, a map shows nothing."""
        return self.raw.max(axis=(1, 2)) > 0

    def __len__(self) -> int:
        return len(self.raw)


def enlarge(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps (n, h, w) at another size, bilinear with pixel centres kept in place (half-pixel)."""
    if maps.shape[1:] == tuple(size):
        return maps
    enlarged = np.empty((len(maps), *size), np.float32)
    for small, large in zip(maps, enlarged, strict=True):
        cv2.resize(small, size[::-1], dst=large, interpolation=cv2.INTER_LINEAR)
    return enlarged
