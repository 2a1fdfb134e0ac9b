"""Does it know how sure it is? Reliability, and temperature scaling.

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017,
arXiv 1706.04599.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

BINS = 15
SMALLEST = float(np.finfo(np.float32).tiny)  # stands for shares that a float32 rounds to nothing
_LIMITS = (0.05, 20.0)  # of a temperature
_VALUES = 2_000_000  # in memory at once


@dataclass(frozen=True)
class Reliability:
    """How confidence and success go together.

    Of the ``BINS`` bins of equal width over the confidence: ``counts`` of images, their mean
    ``confidence`` and ``accuracy`` (NaN in an empty bin). ``error`` is the expected calibration
    error (ECE), ``nll`` the mean negative log-likelihood (natural logarithm), ``brier`` the mean
    squared distance between shares and truth, summed over the classes (0 to 2).
    """

    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    error: float
    nll: float
    brier: float


@dataclass(frozen=True)
class Scaled:
    """``before`` and ``after`` temperature scaling; ``temperatures`` of the two halves."""

    before: Reliability
    after: Reliability
    temperatures: tuple[float, float]

    @property
    def temperature(self) -> float:
        """Above 1 the network was too sure of itself, below 1 not sure enough."""
        return sum(self.temperatures) / 2


def reliability(confidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, ...]:
    """Counts, mean confidence and accuracy (BINS,) of the bins ((m − 1)/M, m/M].

    Args:
        confidence: (n,) share of the vote for the chosen class.
        right: (n,) whether it was the true one.
    """
    at = np.clip(np.ceil(np.asarray(confidence, np.float64) * BINS).astype(int) - 1, 0, BINS - 1)
    counts = np.bincount(at, minlength=BINS)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(at, confidence, BINS) / counts
        accuracy = np.bincount(at, right, BINS) / counts
    return counts, mean, accuracy


def expected_calibration_error(
    counts: np.ndarray, confidence: np.ndarray, accuracy: np.ndarray
) -> float:
    """The mean gap between confidence and accuracy, by the images in the bins (ECE)."""
    filled = counts > 0
    gaps = np.abs(confidence[filled] - accuracy[filled])
    return float(gaps @ counts[filled] / max(1, counts.sum()))


def fit_temperature(
    probabilities: np.ndarray,
    labels: np.ndarray,
    rows: np.ndarray | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> float:
    """The temperature T for which softmax(log p / T) makes the labels most likely.

    Logarithms of probabilities differ from the scores by a constant for each image, so T is that
    of the scores. The likelihood is concave in 1/T: Newton's method, held in a bracket.

    Args:
        probabilities: (n, c), each row summing to 1.
        labels: (n,) true classes.
        rows: the images to fit it on; all when None.
        check_cancelled: ends the work by raising.
    """
    rows = np.arange(len(labels)) if rows is None else rows
    low, high = 1 / _LIMITS[1], 1 / _LIMITS[0]
    beta = 1.0
    for _ in range(60):
        slope = bend = 0.0
        for part in _parts(rows, probabilities.shape[1]):
            if check_cancelled is not None:
                check_cancelled()
            logs = _logs(probabilities[part])
            shares = _softmax(beta * logs)
            mean = np.einsum("nc,nc->n", shares, logs)
            slope += float(np.sum(mean - logs[np.arange(len(part)), labels[part]]))
            bend += float(np.sum(np.einsum("nc,nc->n", shares, logs**2) - mean**2))
        if slope > 0:
            high = beta
        else:
            low = beta
        step = beta - slope / bend if bend > 0 else (low + high) / 2
        following = step if low < step < high else (low + high) / 2
        if abs(following - beta) < 1e-7 * beta:
            break
        beta = following
    return 1 / beta


def scaled(
    probabilities: np.ndarray,
    labels: np.ndarray,
    seed: int = 0,
    check_cancelled: Callable[[], None] | None = None,
) -> Scaled:
    """Calibration before and after temperature scaling, cross-fitted.

    The images are parted at random; each half is scaled by the temperature that was fitted on the
    other, so that no image is judged by a temperature that it helped to choose.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    halves = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    found = [fit_temperature(probabilities, labels, half, check_cancelled) for half in halves]
    everything = np.arange(len(labels))
    before = _measured(probabilities, labels, [(everything, 1.0)])
    swapped = [(halves[0], found[1]), (halves[1], found[0])]
    return Scaled(before, _measured(probabilities, labels, swapped), (found[0], found[1]))


def _measured(
    probabilities: np.ndarray, labels: np.ndarray, groups: list[tuple[np.ndarray, float]]
) -> Reliability:
    confidence, right, losses, squares = [], [], 0.0, 0.0
    for rows, temperature in groups:
        for part in _parts(rows, probabilities.shape[1]):
            shares = np.asarray(probabilities[part], np.float64)
            if temperature != 1:
                shares = _softmax(_logs(shares) / temperature)
            true = shares[np.arange(len(part)), labels[part]]
            confidence.append(shares.max(axis=1))
            right.append(shares.argmax(axis=1) == labels[part])
            losses -= float(np.log(np.maximum(true, SMALLEST)).sum())
            squares += float((shares**2).sum() - (true**2).sum() + ((1 - true) ** 2).sum())
    bins = reliability(np.concatenate(confidence), np.concatenate(right))
    count = len(labels)
    return Reliability(*bins, expected_calibration_error(*bins), losses / count, squares / count)


def _parts(rows: np.ndarray, classes: int) -> Iterator[np.ndarray]:
    size = max(1, _VALUES // classes)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _logs(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.asarray(probabilities, np.float64), SMALLEST))


def _softmax(values: np.ndarray) -> np.ndarray:
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
