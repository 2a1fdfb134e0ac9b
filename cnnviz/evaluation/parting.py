"""Where two classes part: how well each layer tells them apart, and where one image leans.

A linear probe for each layer (Alain & Bengio 2016, arXiv 1610.01644): Fisher's linear discriminant
with shrunk covariance (Ledoit & Wolf 2004) on the layer's features, one number a channel. Its
accuracy is measured on images that it was not fitted to; its scores on those are turned into
probabilities by Platt's logistic curve (Platt 1999), so that a layer which cannot tell the classes
apart leans nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

CLEAR = 0.3  # a leaning from which on an image is said to look like a class: 65 % against 35 %
_FOLDS = 5


@dataclass(frozen=True)
class Probe:
    """A fitted probe of one layer.

    ``accuracy`` is the mean of the two classes' shares of images told right (0.5 is chance), each
    image told by a probe that was fitted without it.
    """

    accuracy: float
    direction: np.ndarray
    offset: float
    slope: float
    shift: float

    def leaning(self, features: np.ndarray) -> np.ndarray:
        """(n,) from −1 (certainly the second class) to 1 (certainly the first) of rows (n, d)."""
        scores = np.asarray(features, np.float64) @ self.direction + self.offset
        return np.tanh((self.slope * scores + self.shift) / 2)


def probe(features: np.ndarray, first: np.ndarray, seed: int = 0) -> Probe:
    """Fit a probe that tells two classes apart.

    Args:
        features: (n, d) of one layer.
        first: (n,) bool, whether an image is of the first class; at least two of each.
        seed: of the folds.
    """
    rows = np.asarray(features, np.float64)
    scores = np.empty(len(rows))
    for held_out in _folds(first, seed):
        direction, offset = discriminant(rows[~held_out], first[~held_out])
        scores[held_out] = rows[held_out] @ direction + offset
    right = (scores > 0) == first
    slope, shift = _logistic(scores, first)
    direction, offset = discriminant(rows, first)
    accuracy = (right[first].mean() + right[~first].mean()) / 2
    return Probe(float(accuracy), direction, offset, slope, shift)


def discriminant(rows: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, float]:
    """Fisher's direction (d,) and the offset that puts 0 half-way between the classes' means.

    The covariance within the classes is shrunk towards the identity of the channels on one scale
    each. With fewer images than channels it is inverted by way of the images (Woodbury).
    """
    means = rows[first].mean(axis=0), rows[~first].mean(axis=0)
    centred = rows - np.where(first[:, None], *means)
    scale = centred.std(axis=0)
    scale[scale < 1e-6 * max(float(scale.max()), 1e-12)] = np.inf  # a silent channel says nothing
    centred /= scale
    gap = (means[0] - means[1]) / scale
    share = shrinkage(centred)
    count, width = centred.shape
    level = max(share * float((centred**2).mean()), 1e-6)  # mean of the diagonal, shrunk
    spread = (1 - share) / count
    if width <= count:
        covariance = spread * centred.T @ centred
        covariance[np.diag_indices(width)] += level
        direction = np.linalg.solve(covariance, gap)
    else:
        inner = spread * centred @ centred.T
        inner[np.diag_indices(count)] += level
        direction = (gap - spread * centred.T @ np.linalg.solve(inner, centred @ gap)) / level
    direction = direction / scale
    return direction, float(-direction @ (means[0] + means[1]) / 2)


def shrinkage(centred: np.ndarray) -> float:
    """Ledoit and Wolf's share of the identity in the estimate of a covariance (2004, theorem 3.4).

    ``centred`` (n, d) has columns of mean 0.
    """
    count, width = centred.shape
    squares = centred**2
    gram = centred @ centred.T if width > count else centred.T @ centred
    total = float((gram**2).sum()) / count**2  # squared Frobenius norm of the covariance
    level = float(squares.sum()) / (count * width)
    apart = (total - width * level**2) / width
    noise = (float((squares.sum(axis=1) ** 2).sum()) / count - total) / (count * width)
    return 0.0 if apart <= 0 else float(np.clip(min(noise, apart) / apart, 0, 1))


@dataclass(frozen=True)
class Course:
    """What the leanings of an image, layer by layer, come to.

    ``kind``: ``unclear`` (it never leans clearly), ``steady`` (clearly to one side from the first
    layer on), ``late`` (first to neither, then to one side), ``turns`` (from one side to the other,
    once), ``wavers`` (more than once). ``side`` is 1 or −1 for the side it ends on, 0 when unclear.
    ``start`` is the place from which on it stays on that side, ``before`` the last place at which
    it leaned clearly to the other one. ``unsure`` counts the places after ``start`` at which it
    leans to neither.
    """

    kind: Literal["unclear", "steady", "late", "turns", "wavers"]
    side: int = 0
    start: int = 0
    before: int | None = None
    unsure: int = 0


def course(leanings: Sequence[float]) -> Course:
    """Read the leanings of an image from the first layer to the last."""
    values = np.asarray(leanings, np.float64)
    clear = np.flatnonzero(np.abs(values) >= CLEAR)
    if len(clear) == 0:
        return Course("unclear")
    signs = np.sign(values[clear]).astype(int)
    turns = np.flatnonzero(np.diff(signs))
    # Of the clear places, the first of the last stretch to one side.
    last = int(turns[-1]) + 1 if len(turns) else 0
    start, before = int(clear[last]), int(clear[last - 1]) if len(turns) else None
    if len(turns) == 0:
        kind = "steady" if start == 0 else "late"
    else:
        kind = "turns" if len(turns) == 1 else "wavers"
    unsure = len(values) - start - (len(clear) - last)
    return Course(kind, int(signs[-1]), start, before, unsure)


def reliable_from(accuracies: Sequence[float], level: float = 0.9) -> int | None:
    """The first layer from which on all tell the classes apart at least so well; None where even
    the last one does not."""
    below = np.flatnonzero(np.asarray(accuracies) < level)
    start = int(below[-1]) + 1 if len(below) else 0
    return start if start < len(accuracies) else None


def _folds(first: np.ndarray, seed: int) -> list[np.ndarray]:
    """Masks (n,) of the images held out in turn; each class is spread over them evenly."""
    rng = np.random.default_rng(seed)
    fold = np.empty(len(first), np.int64)
    for members in (np.flatnonzero(first), np.flatnonzero(~first)):
        fold[members] = rng.permutation(len(members)) % _FOLDS
    return [fold == i for i in range(_FOLDS) if (fold == i).any()]


def _logistic(scores: np.ndarray, first: np.ndarray) -> tuple[float, float]:
    """Platt's curve: slope and shift of the log-odds of the first class, both classes counting
    equally. Its targets are a little less than certain, so perfect scores have a finite slope; a
    probe that is worse than chance gets a slope of 0."""
    counts = int(first.sum()), int((~first).sum())
    targets = np.where(first, (counts[0] + 1) / (counts[0] + 2), 1 / (counts[1] + 2))
    weights = np.where(first, 0.5 / counts[0], 0.5 / counts[1])
    unit = float(np.abs(scores).mean()) or 1.0
    columns = np.stack([scores / unit, np.ones_like(scores)], axis=1)
    found = np.zeros(2)

    def loss(values: np.ndarray) -> float:
        odds = columns @ values
        return float(weights @ (np.logaddexp(0, odds) - targets * odds))

    for _ in range(50):
        odds = 1 / (1 + np.exp(-np.clip(columns @ found, -500, 500)))
        slope = columns.T @ (weights * (odds - targets))
        bend = (columns * (weights * odds * (1 - odds))[:, None]).T @ columns
        step = np.linalg.solve(bend + 1e-9 * np.eye(2), slope)
        size = 1.0
        while size > 1e-6 and loss(found - size * step) > loss(found):
            size /= 2
        found = found - size * step
        if np.abs(size * step).max() < 1e-8:
            break
    return (float(found[0] / unit), float(found[1])) if found[0] > 0 else (0.0, 0.0)
