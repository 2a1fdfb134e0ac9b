"""Everything about a classifier that needs all its shares of the vote, not only the best five."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from cnnviz.evaluation.calibration import Reliability, Scaled, scaled
from cnnviz.evaluation.curves import (
    Curve,
    mean_average_precision,
    precision_recall,
    roc,
    thinned,
)
from cnnviz.evaluation.metrics import confusion_matrix
from cnnviz.evaluation.ordering import similarity_order

MOST_MICRO = 5_000_000  # answers (images × classes) that are sorted together
_POINTS = 200  # of a curve, where there are up to a hundred classes
_MANY, _POINTS_OF_MANY = 100, 60


@dataclass(frozen=True)
class Curves:
    """One curve for each of c classes, and last that of all answers together (micro).

    ``x`` and ``y`` float32 hold them one after the other, ``starts`` (c + 2,) where each begins;
    ``areas`` (c + 1,) float64, NaN where one is not defined (no images of the class).
    """

    x: np.ndarray
    y: np.ndarray
    starts: np.ndarray
    areas: np.ndarray

    def of(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """The points of a class; −1 for all answers together."""
        place %= len(self.areas)
        part = slice(int(self.starts[place]), int(self.starts[place + 1]))
        return self.x[part], self.y[part]

    @property
    def macro(self) -> float:
        """The mean area of the classes that have one."""
        return mean_average_precision(self.areas[:-1])

    @property
    def micro(self) -> float:
        """The area over all answers together; NaN where there were too many to sort."""
        return float(self.areas[-1])


@dataclass(frozen=True)
class Measures:
    """``roc`` and ``precision_recall`` of every class against the others; ``calibration`` is None
    for a network that answers yes or no for every class by itself; ``order`` (c,) puts classes
    that are mixed up side by side."""

    roc: Curves
    precision_recall: Curves
    calibration: Scaled | None
    order: np.ndarray

    def to_message(self) -> dict:
        """The fields as arrays and numbers, for another process."""
        return asdict(self)

    @classmethod
    def from_message(cls, message: dict) -> Measures:
        """Rebuild what ``to_message`` took apart."""
        found = message["calibration"]
        if found is not None:
            before, after = Reliability(**found["before"]), Reliability(**found["after"])
            found = Scaled(before, after, tuple(found["temperatures"]))
        curves = (Curves(**message[name]) for name in ("roc", "precision_recall"))
        return cls(*curves, found, message["order"])


def measure(
    probabilities: np.ndarray,
    labels: np.ndarray,
    separate: bool = False,
    report: Callable[[float], None] = lambda fraction: None,
) -> Measures:
    """All measures of ``probabilities`` (n, c) against the true classes ``labels`` (n,).

    Args:
        probabilities: shares of the vote.
        labels: from 0 to c − 1.
        separate: whether each class is answered yes or no for itself (several sigmoids), so that
            the shares do not sum to 1.
        report: called with the fraction done; may end the work by raising.
    """
    classes = probabilities.shape[1]
    most = _POINTS if classes <= _MANY else _POINTS_OF_MANY
    curves: dict[str, list[Curve]] = {"roc": [], "precision_recall": []}

    def add(truth: np.ndarray, scores: np.ndarray) -> None:
        curves["roc"].append(thinned(roc(truth, scores), most))
        curves["precision_recall"].append(thinned(precision_recall(truth, scores), most))

    for place in range(classes):
        report(0.6 * place / classes)
        add(labels == place, np.ascontiguousarray(probabilities[:, place]))
    if probabilities.size <= MOST_MICRO:
        add((labels[:, None] == np.arange(classes)).ravel(), np.ravel(probabilities))
    else:
        add(np.zeros(1, bool), np.zeros(1))
    report(0.6)
    calibration = None
    if not separate:
        calibration = scaled(probabilities, labels, check_cancelled=lambda: report(0.7))
    report(0.9)
    predicted = np.argmax(probabilities, axis=1)
    order = similarity_order(confusion_matrix(labels, predicted, classes))
    return Measures(
        _together(curves["roc"]),
        _together(curves["precision_recall"]),
        calibration,
        order.astype(np.int32),
    )


def _together(curves: list[Curve]) -> Curves:
    return Curves(
        np.concatenate([c.x for c in curves]).astype(np.float32),
        np.concatenate([c.y for c in curves]).astype(np.float32),
        np.cumsum([0, *(len(c.x) for c in curves)]).astype(np.int32),
        np.array([c.area for c in curves]),
    )
