"""One patch of one image covered: what that does to the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnviz.errors import BadInput
from cnnviz.explanation.perturbing import baseline
from cnnviz.inference.layers import capture
from cnnviz.models.model import Model, load_model


@dataclass(frozen=True)
class Occluded:
    """An answer before and after a patch was covered.

    ``image`` is what the network saw afterwards, uint8 (h, w, c); ``box`` the covered pixels (top,
    left, bottom, right), the last two exclusive. ``shares`` and ``scores`` (2, classes) float32:
    probabilities, and scores before the softmax or sigmoid; row 0 before, row 1 after.
    """

    image: np.ndarray
    box: tuple[int, int, int, int]
    shares: np.ndarray
    scores: np.ndarray


def occlude(
    model: Model | str,
    image: np.ndarray,
    row: float,
    column: float,
    size: float,
    kind: str = "mean",
) -> Occluded:
    """Cover a square patch and ask again (Zeiler, Fergus 2013, arXiv 1311.2901).

    Args:
        model: a model, its name or its reference.
        image: uint8 (h, w, c) of any size.
        row: the centre of the patch, as a share (0–1) of the height of what the network sees.
        column: likewise of the width.
        size: the side of the patch as a share of the shorter side, at least one pixel. What would
            lie outside the image is cut off.
        kind: what covers it, one of ``perturbing.BASELINES``.

    Raises:
        BadInput: a number out of range, or no such baseline.
    """
    for name, value in (("row", row), ("column", column), ("size", size)):
        if not 0 <= value <= 1:
            raise BadInput(
                "“{name}” has to be a number from {low} to {high}.", name=name, low=0, high=1
            )
    model = load_model(model) if not isinstance(model, Model) else model
    prepared = model.prepare([image])
    top, bottom = _span(row, size * min(prepared.shape[1:3]), prepared.shape[1])
    left, right = _span(column, size * min(prepared.shape[1:3]), prepared.shape[2])
    covered = prepared.copy()
    patch = np.s_[:, top:bottom, left:right]
    covered[patch] = np.rint(baseline(prepared, kind)[patch])
    # One pass for both. The network sees whole brightness values, as in the picture shown.
    seen = capture(model.keras_model, ())(np.concatenate([prepared, covered]))
    box = (top, left, bottom, right)
    return Occluded(covered[0], box, seen.probabilities.numpy(), seen.scores.numpy())


def _span(centre: float, length: float, side: int) -> tuple[int, int]:
    """The pixels from (inclusive) and to (exclusive) of a patch around ``centre`` (0–1)."""
    length = max(1, round(length))
    start = round(centre * side - length / 2)
    return min(max(start, 0), side - 1), max(min(start + length, side), 1)
