"""Images whose label is likely wrong, by confident learning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelErrors:
    """For n images: ``where`` (n,) bool, whether the label is likely wrong; ``strength`` (n,)
    float32, the share of the vote that the given label did not get; ``suggested`` (n,) int64, the
    class the network would give."""

    where: np.ndarray
    strength: np.ndarray
    suggested: np.ndarray


def find_label_errors(labels: np.ndarray, probabilities: np.ndarray) -> LabelErrors:
    """Likely label errors among n images.

    Confident learning (Northcutt, Jiang, Chuang 2021, arXiv 1911.00068; the library cleanlab)
    estimates from the answers how many labels of each class are wrong, and takes as many images of
    those whose label got least. Of these, we keep the ones of whose other class the network is as
    sure as it is on average of images that carry that class: a network that is merely at a loss is
    no witness against a label.

    The network must not have learned from these images: it would have learned the wrong labels,
    too.

    Args:
        labels: (n,) given classes.
        probabilities: (n, c) votes, at least 0. Rows that are not finite count as no answer.
    """
    votes = np.array(probabilities, np.float32)
    total = votes.sum(axis=1, keepdims=True)
    answered = np.isfinite(total[:, 0]) & (total[:, 0] > 0) & (votes >= 0).all(axis=1)
    votes[~answered] = 0
    votes[answered] /= total[answered]  # networks that answer yes or no for each class
    suggested = votes.argmax(axis=1)
    given = votes[np.arange(len(labels)), labels]
    where = np.zeros(len(labels), bool)
    known = labels[answered]
    if (suggested != labels)[answered].any() and len(np.unique(known)) > 1:
        where[answered] = _issues(known, votes[answered])
        usual = _usual_confidence(known, given[answered], votes.shape[1])
        where &= (suggested != labels) & (votes.max(axis=1) >= usual[suggested])
    return LabelErrors(where, (1 - given).astype(np.float32), suggested)


def _usual_confidence(labels: np.ndarray, given: np.ndarray, classes: int) -> np.ndarray:
    """(c,) the mean vote for a class over the images that carry it; infinite for none."""
    count = np.bincount(labels, minlength=classes)
    total = np.bincount(labels, weights=given, minlength=classes)
    return np.where(count > 0, total / np.maximum(count, 1), np.inf)


def _issues(labels: np.ndarray, votes: np.ndarray) -> np.ndarray:
    # Here and not above: it brings pandas, and takes a second or two.
    from cleanlab.filter import find_label_issues

    # One process: a worker must not start others.
    return find_label_issues(labels, votes, filter_by="low_self_confidence", n_jobs=1)
