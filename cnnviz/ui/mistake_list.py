"""Which answers are listed, and in which order: plain functions of an evaluation."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from cnnviz.evaluation.results import Evaluation
from cnnviz.texts import N_

MISTAKES, MARKED, ALL = "mistakes", "marked", "all"
KINDS = {MISTAKES: N_("Mistakes"), MARKED: N_("Marked"), ALL: N_("All images")}
_LEAST = 1e-7  # a share that counts as this small: the loss of a class without any vote is not ∞


@dataclass(frozen=True)
class Sort:
    """``title`` says what comes first, ``backwards`` what does the other way round."""

    title: str
    backwards: str
    rank: Callable[[Evaluation], np.ndarray]


def loss_of(found: Evaluation) -> np.ndarray:
    """(n,) cross-entropy of each answer, −log of the share of the true class, at most 16.1."""
    return -np.log(np.clip(found.true_probabilities.astype(np.float64), _LEAST, 1.0))


def margin_of(found: Evaluation) -> np.ndarray:
    """(n,) how far the chosen class is ahead of the next one, 0 to 1."""
    top = found.top_probabilities.astype(np.float64)
    return top[:, 0] - (top[:, 1] if top.shape[1] > 1 else 0.0)


# Ranks ascend. Whatever is equal is in order of confidence.
SORTS: dict[str, Sort] = {
    "confidence": Sort(N_("Surest first"), N_("Least sure first"), lambda e: -e.confidence),
    "loss": Sort(N_("Largest loss first"), N_("Smallest loss first"), lambda e: -loss_of(e)),
    "margin": Sort(N_("Closest calls first"), N_("Clearest calls first"), margin_of),
    "true": Sort(N_("By what it is"), N_("By what it is, last class first"), lambda e: e.labels),
    "called": Sort(
        N_("By what it was called"),
        N_("By what it was called, last class first"),
        lambda e: e.predicted,
    ),
    "place": Sort(N_("As in the data set"), N_("Last in the data set first"), lambda e: e.indices),
}
BY_CAUSE = "strength"
STRENGTH = Sort(
    N_("Strongest sign first"), N_("Weakest sign first"), lambda e: np.zeros(len(e), np.int8)
)


def chosen(
    found: Evaluation,
    *,
    kind: str = MISTAKES,
    true: int | None = None,
    called: int | None = None,
    marked: Collection[int] = (),
    within: np.ndarray | None = None,
) -> np.ndarray:
    """Positions of the images asked for, in the order of ``within``, else the surest first.

    Args:
        kind: ``mistakes``, ``marked`` or ``all``.
        true: only images of this class.
        called: only images that were called this. A class called itself is no mistake; asked for
            like that (a cell on the diagonal of the confusion matrix) its images are listed.
        marked: indices of images in the split, for ``marked``.
        within: only these positions.
    """
    keep = np.ones(len(found), bool)
    if kind == MARKED:
        keep &= np.isin(found.indices, list(marked))
    elif kind == MISTAKES and (true is None or true != called):
        keep &= found.predicted != found.labels
    if true is not None:
        keep &= found.labels == true
    if called is not None:
        keep &= found.predicted == called
    if within is None:
        return ordered(found, np.flatnonzero(keep), "confidence")
    within = np.asarray(within)
    return within[keep[within]]


def ordered(
    found: Evaluation, positions: np.ndarray, sort: str, backwards: bool = False
) -> np.ndarray:
    """Positions in the order of one of ``SORTS``; by ``strength`` they stay as they came."""
    if sort == BY_CAUSE:
        return positions[::-1] if backwards else positions
    rank = SORTS[sort].rank(found)[positions].astype(np.float64)
    order = np.lexsort((found.indices[positions], -found.confidence[positions], rank))
    if backwards:  # within a class still the surest first
        order = np.lexsort((found.indices[positions], -found.confidence[positions], -rank))
    return positions[order]


def groups(found: Evaluation, positions: np.ndarray, sort: str) -> list[tuple[int, int, int]]:
    """(start, class, count) of each run of one class in a list sorted by class; else nothing."""
    if sort not in ("true", "called") or not len(positions):
        return []
    classes = (found.labels if sort == "true" else found.predicted)[positions]
    starts = np.flatnonzero(np.r_[True, classes[1:] != classes[:-1]])
    counts = np.diff(np.r_[starts, len(classes)])
    return [(int(s), int(classes[s]), int(n)) for s, n in zip(starts, counts, strict=True)]
