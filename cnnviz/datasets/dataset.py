"""A data set in memory: images, labels, class names."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cnnviz.errors import BadInput

SPLITS = ("train", "val", "test")


def check_split(split: str) -> None:
    """Raise BadInput unless ``split`` is one of ``SPLITS``."""
    if split not in SPLITS:
        raise BadInput(
            "A split is one of {known}, not “{split}”.",
            known=", ".join(SPLITS),
            split=str(split)[:40],
        )


@dataclass(frozen=True)
class Skipped:
    """A file that was left out, and why (a sentence in English, a key of the catalogues)."""

    name: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """``images`` (n, h, w, c) uint8, ``labels`` (n,) int64 into ``class_names``."""

    name: str
    split: str
    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    source: str = ""
    skipped: tuple[Skipped, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, indices: np.ndarray) -> Dataset:
        """The images at ``indices``, in that order."""
        return replace(self, images=self.images[indices], labels=self.labels[indices])

    def limit(self, count: int | None, seed: int = 0) -> Dataset:
        """At most ``count`` images, as evenly over the classes as there are images; the same ones
        every time."""
        if count is None or count >= len(self):
            return self
        return self.subset(limit_indices(self.labels, count, seed))


def limit_indices(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Sorted indices of ``count`` images, taken class by class in turn."""
    rng = np.random.default_rng(seed)
    rank = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        where = np.flatnonzero(labels == label)
        rank[where] = rng.permutation(len(where))
    order = np.lexsort((rng.permutation(len(labels)), rank))
    return np.sort(order[:count])
