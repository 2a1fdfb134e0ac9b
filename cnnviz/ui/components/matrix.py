"""The confusion matrix: errors stand out, every cell says its sentence and opens its images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnviz.ui.components.base import ignore, register

_mount = register("matrix")


def matrix(
    confusion: np.ndarray,
    names: Sequence[str],
    *,
    key: str,
    error_sentence: str = "{count} images of “{true}” were called “{predicted}”.",
    right_sentence: str = "{count} images of “{true}” were recognised.",
    true_title: str = "true",
    predicted_title: str = "called",
    hint: str = "",
    selected: tuple[int, int] | None = None,
) -> tuple[int, int] | None:
    """Draw ``confusion`` (c, c), rows true and columns predicted; returns a click's cell.

    That is ``(true, predicted)``. Errors are warm, the diagonal is blue, both by the share of the
    row's images. The sentences have the places ``{count}``, ``{true}``, ``{predicted}`` and
    ``{share}``; ``hint`` stands in their place while nothing is pointed at.
    """
    data = {
        "cells": np.asarray(confusion).astype(int).tolist(),
        "names": list(names),
        "errorSentence": error_sentence,
        "rightSentence": right_sentence,
        "trueTitle": true_title,
        "predictedTitle": predicted_title,
        "hint": hint,
        "selected": None if selected is None else list(selected),
    }
    clicked = _mount(key=key, data=data, on_clicked_change=ignore).clicked
    return None if clicked is None else (int(clicked[0]), int(clicked[1]))
