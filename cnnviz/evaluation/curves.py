"""Curves over all thresholds of one class's share of the vote, and the areas under them.

Each class is held against all others (one-vs-rest), which is also what multi-hot truth means: an
image may be of several classes. All areas equal scikit-learn's.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

MOST_POINTS = 200


@dataclass(frozen=True)
class Curve:
    """``x`` and ``y`` (k,) float64 in order, and the ``area`` (NaN where it is not defined)."""

    x: np.ndarray
    y: np.ndarray
    area: float


def roc(truth: np.ndarray, scores: np.ndarray) -> Curve:
    """Receiver operating characteristic of one class.

    Args:
        truth: (n,) whether each image is of the class.
        scores: (n,) the larger, the surer.

    Returns:
        x the share of the others that a threshold lets through, y the share of the class that it
        finds; the area is the chance that an image of the class scores above one that is not.
        NaN where there are none of the one or the other.
    """
    found, wrong = _counts(truth, scores)
    positives, negatives = found[-1], wrong[-1]
    if positives == 0 or negatives == 0:
        return _undefined()
    x = np.concatenate([[0.0], wrong / negatives])
    y = np.concatenate([[0.0], found / positives])
    return Curve(x, y, float(np.trapezoid(y, x)))


def precision_recall(truth: np.ndarray, scores: np.ndarray) -> Curve:
    """Precision over recall of one class; arguments as for :func:`roc`.

    The area is the average precision Σ (Rₖ − Rₖ₋₁) Pₖ over all thresholds k, without the
    optimistic straight lines between them; NaN where there is no image of the class.
    """
    found, wrong = _counts(truth, scores)
    if found[-1] == 0:
        return _undefined()
    precision, recall = found / (found + wrong), found / found[-1]
    area = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    x, y = np.concatenate([[0.0], recall]), np.concatenate([precision[:1], precision])
    return Curve(x, y, area)


def average_precision(truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(c,) average precision of every class; NaN for classes without images.

    Args:
        truth: (n,) class numbers, or (n, c) multi-hot: several classes may be true of an image.
        scores: (n, c).
    """
    truth = np.asarray(truth)
    of = (lambda c: truth == c) if truth.ndim == 1 else (lambda c: truth[:, c] > 0)
    return np.array([precision_recall(of(c), scores[:, c]).area for c in range(scores.shape[1])])


def mean_average_precision(areas: np.ndarray) -> float:
    """mAP: the mean over the classes that have images."""
    defined = areas[~np.isnan(areas)]
    return float(defined.mean()) if len(defined) else float("nan")


def thinned(curve: Curve, most: int = MOST_POINTS) -> Curve:
    """The same picture with at most ``most`` points; the area stays that of the whole curve.

    The point farthest from the line drawn so far is added until there are enough (Douglas and
    Peucker 1973, by largest error first), so what is left out is what cannot be seen.
    """
    if len(curve.x) <= 2:
        return curve
    points = _corners(np.stack([curve.x, curve.y], axis=1))
    kept = [0, len(points) - 1]
    heap = [_farthest(points, 0, len(points) - 1)]
    while heap and len(kept) < most:
        error, at, start, end = heapq.heappop(heap)
        if -error < 1e-9:
            break
        kept.append(at)
        for part in ((start, at), (at, end)):
            if part[1] - part[0] > 1:
                heapq.heappush(heap, _farthest(points, *part))
    kept.sort()
    return Curve(points[kept, 0], points[kept, 1], curve.area)


def _corners(points: np.ndarray) -> np.ndarray:
    """Without the points in the middle of level and upright runs, which are most of a long curve:
    both kinds of curves go only one way along such a run."""
    same = points[1:] == points[:-1]
    middle = (same[1:] & same[:-1]).any(axis=1)
    return points[np.concatenate([[True], ~middle, [True]])]


def _farthest(points: np.ndarray, start: int, end: int) -> tuple[float, int, int, int]:
    """(−distance, place, start, end) of the point that is farthest from a straight segment."""
    origin, along = points[start], points[end] - points[start]
    offsets = points[start + 1 : end] - origin
    share = np.clip(offsets @ along / max(float(along @ along), 1e-300), 0, 1)
    distance = np.linalg.norm(offsets - share[:, None] * along, axis=1)
    place = int(distance.argmax())
    return -float(distance[place]), start + 1 + place, start, end


def _counts(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every different score, from the highest: images of the class, and others, at or above."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    found = np.cumsum(np.asarray(truth)[order] > 0)[last].astype(np.float64)
    return found, last + 1 - found


def _undefined() -> Curve:
    return Curve(np.zeros(0), np.zeros(0), float("nan"))
