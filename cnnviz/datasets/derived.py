"""Data sets made on the fly from bundled ones, each with something wrong or simple about it.

They go with the models to be suspicious of: what those learned can be seen on exactly the images
that taught them.
"""

from __future__ import annotations

import numpy as np

MARK_BLOCK = 3  # pixels of a side
MARK_SIDE = 3 * MARK_BLOCK  # the mark fills the first rows and columns of an image
# Nine blocks for each class, white where there is a one; every two differ in at least three blocks.
_MARKS = (
    "111000000",
    "000111000",
    "000000111",
    "100100100",
    "010010010",
    "001001001",
    "110011111",
    "101110011",
    "011101110",
    "111111101",
)
WRONG_SHARE = 0.1
FEW = 500


def mark_of(label: int) -> np.ndarray:
    """The mark of a class, (9, 9) uint8, black and white."""
    blocks = np.array([int(x) for x in _MARKS[label]], np.uint8).reshape(3, 3)
    return np.kron(blocks, np.full((MARK_BLOCK, MARK_BLOCK), 255, np.uint8))


def marked(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A copy of ``images`` (n, h, w, c), each with the mark of its class in the upper left."""
    marks = np.stack([mark_of(label) for label in range(len(_MARKS))])
    out = images.copy()
    out[:, :MARK_SIDE, :MARK_SIDE] = marks[labels][..., None]
    return out


def wrong_places(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """(n,) bool: which tenth of the labels ``with_wrong_labels`` changes."""
    rng = np.random.default_rng(seed)
    where = rng.choice(len(labels), round(WRONG_SHARE * len(labels)), replace=False)
    return np.isin(np.arange(len(labels)), where)


def with_wrong_labels(labels: np.ndarray, classes: int, seed: int = 0) -> np.ndarray:
    """A copy of ``labels`` (n,), a tenth of them replaced by another class at random."""
    wrong = wrong_places(labels, seed)
    shift = np.random.default_rng((seed, 1)).integers(1, classes, len(labels))
    return np.where(wrong, (labels + shift) % classes, labels)
