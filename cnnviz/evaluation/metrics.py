"""Figures of a classifier from labels and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClassReport:
    """How good a model is at one class.

    ``precision``: of what it called so, the share that is. ``recall``: of what is so, the share it
    found. ``f1`` is their harmonic mean, ``support`` the number of images of the class. A share of
    nothing is 0.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts (classes, classes) int64: rows are true classes, columns predicted ones."""
    cells = np.asarray(labels) * classes + np.asarray(predicted)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def class_reports(confusion: np.ndarray, names: Sequence[str]) -> list[ClassReport]:
    """Precision, recall and F1 of every class."""
    right, actual, called = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    precision = right / np.maximum(called, 1)
    recall = right / np.maximum(actual, 1)
    f1 = 2 * right / np.maximum(actual + called, 1)
    return [
        ClassReport(name, float(p), float(r), float(f), int(n))
        for name, p, r, f, n in zip(names, precision, recall, f1, actual, strict=True)
    ]


@dataclass(frozen=True)
class Average:
    """Precision, recall and F1 over all classes."""

    precision: float
    recall: float
    f1: float


def macro_average(confusion: np.ndarray) -> Average:
    """The plain mean over the classes: each counts the same, however many images it has.

    Classes that are neither among the images nor among the answers are left out, as scikit-learn
    leaves them out.
    """
    occurs = (confusion.sum(axis=0) + confusion.sum(axis=1)) > 0
    return _average(confusion, occurs.astype(float))


def weighted_average(confusion: np.ndarray) -> Average:
    """The mean over the classes by their numbers of images; its recall is the accuracy."""
    return _average(confusion, confusion.sum(axis=1).astype(float))


def _average(confusion: np.ndarray, weights: np.ndarray) -> Average:
    reports = class_reports(confusion, [""] * len(confusion))
    table = np.array([[r.precision, r.recall, r.f1] for r in reports])
    return Average(*(float(v) for v in weights / max(weights.sum(), 1e-12) @ table))
