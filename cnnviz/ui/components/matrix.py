"""The confusion matrix: errors stand out, every cell says its sentence and opens its images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from cnnviz.ui.components.base import ignore, register

_mount = register("matrix")


def matrix(
    confusion: np.ndarray,
    names: Sequence[str],
    *,
    key: str,
    error_sentence: str = "{images} of “{true}” called “{predicted}”.",
    right_sentence: str = "{images} of “{true}” recognised.",
    images: tuple[str, str] = ("{count} image", "{count} images"),
    true_title: str = "true",
    predicted_title: str = "called",
    hint: str = "",
    shares: Literal["count", "row", "column"] = "count",
    order: Sequence[int] | None = None,
    percent: str = "{number}\u202f%",
    selected: tuple[int, int] | None = None,
) -> tuple[int, int] | None:
    """Draw ``confusion`` (c, c), rows true and columns predicted; returns a click's cell.

    That is ``(true, predicted)``. Errors are warm, the diagonal is blue, both by the share of the
    row's images (of the column's with ``shares="column"``). Cells show counts, or shares in percent
    of the row or column. ``order`` (c,) arranges the classes; clicks and names keep their numbers.
    The sentences have the places ``{images}`` (``images``: one, several), ``{true}``,
    ``{predicted}`` and ``{share}``, which ``percent`` spells; ``hint`` stands in their place while
    nothing is pointed at.
    """
    data = {
        "cells": np.asarray(confusion).astype(int).tolist(),
        "names": list(names),
        "errorSentence": error_sentence,
        "rightSentence": right_sentence,
        "images": list(images),
        "trueTitle": true_title,
        "predictedTitle": predicted_title,
        "hint": hint,
        "shares": shares,
        "order": None if order is None else [int(c) for c in order],
        "percent": percent,
        "selected": None if selected is None else list(selected),
    }
    clicked = _mount(key=key, data=data, on_clicked_change=ignore).clicked
    return None if clicked is None else (int(clicked[0]), int(clicked[1]))
