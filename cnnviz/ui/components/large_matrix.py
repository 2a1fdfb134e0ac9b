"""The confusion matrix of up to a thousand classes: an overview to point at and to zoom into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from cnnviz.ui.components.base import ignore, packed, register

_mount = register("large_matrix")


def large_matrix(
    confusion: np.ndarray,
    names: Sequence[str],
    *,
    key: str,
    error_sentence: str,
    right_sentence: str,
    images: tuple[str, str],
    true_title: str,
    predicted_title: str,
    hint: str,
    words: Mapping[str, str],
    shares: Literal["count", "row", "column"] = "count",
    order: Sequence[int] | None = None,
    percent: str = "{number}\u202f%",
) -> tuple[int, int] | None:
    """Draw ``confusion`` (c, c) on a canvas; returns a click's cell ``(true, predicted)``.

    Only cells that are not empty travel. Pointing near a cell reads it, since a cell may be smaller
    than a pixel; a click opens it, on a touch screen the button that then appears. ``words``:
    ``open``, ``closer``, ``farther``, ``whole`` (buttons) and ``label`` (what the picture is).
    Everything else is as for :func:`cnnviz.ui.components.matrix.matrix`.
    """
    counts = np.asarray(confusion)
    rows, columns = np.nonzero(counts)
    data = {
        "names": list(names),
        "rows": packed(rows, np.uint16),
        "columns": packed(columns, np.uint16),
        "counts": packed(counts[rows, columns], np.uint32),
        "totals": packed(counts.sum(axis=0 if shares == "column" else 1), np.uint32),
        "order": packed(np.arange(len(counts)) if order is None else np.asarray(order), np.uint16),
        "shares": shares,
        "errorSentence": error_sentence,
        "rightSentence": right_sentence,
        "images": list(images),
        "trueTitle": true_title,
        "predictedTitle": predicted_title,
        "hint": hint,
        "words": dict(words),
        "percent": percent,
    }
    clicked = _mount(key=key, data=data, on_clicked_change=ignore).clicked
    return None if clicked is None else (int(clicked[0]), int(clicked[1]))
