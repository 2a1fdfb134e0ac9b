"""The question what happens to the vote when a part of the image is covered."""

from __future__ import annotations

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.explanation import occluding
from cnnviz.explanation.perturbing import BASELINES

_TOP = 3


def occlude(
    context: Context,
    model: str,
    image: str,
    row: int,
    column: int,
    size: int,
    target: int | None,
    against: int | None,
    baseline: str,
) -> dict:
    """The vote before and after a square patch is covered.

    ``row`` and ``column`` of the patch's centre and its ``size`` are thousandths (0–1000) of the
    height, the width and the shorter side of what the network sees. ``target`` None: the class
    with the most votes before.

    Returns:
        ``classes``: the first three before and the first three after, the target and its rival, by
        their share before, each ``{index, name, before, after}`` (shares of the vote); ``target``;
        ``against``; ``drop``: by how much the target's share falls, less that of ``against``;
        ``score_drop``: the same of the scores before the softmax, which also tells when the share
        is near 1; ``box``: the covered pixels (top, left, bottom, right) at input size; ``image``:
        uint8 (h, w, c) what the network saw afterwards.
    """
    opened = context.model(model)
    last = len(opened.card.class_names) - 1
    target = checking.optional_number(target, "target", 0, last)
    against = checking.optional_number(against, "against", 0, last)
    numbers = {"row": row, "column": column, "size": size}
    places = [checking.number(v, name, 0, 1000) / 1000 for name, v in numbers.items()]
    kind = checking.choice(baseline, "baseline", BASELINES)
    found = occluding.occlude(opened, checking.image(image), *places, kind)
    before, after = found.shares
    target = int(before.argmax()) if target is None else target
    order = np.argsort(-found.shares, axis=1, kind="stable")[:, :_TOP]
    concerned = {*order.ravel().tolist(), target, *([] if against is None else [against])}
    return {
        "classes": [
            {
                "index": i,
                "name": opened.card.class_names[i],
                "before": float(before[i]),
                "after": float(after[i]),
            }
            for i in sorted(concerned, key=lambda i: (-before[i], i))
        ],
        "target": target,
        "against": against,
        "drop": _drop(found.shares, target, against),
        "score_drop": _drop(found.scores, target, against),
        "box": list(found.box),
        "image": found.image,
    }


def _drop(values: np.ndarray, target: int, against: int | None) -> float:
    """By how much the target's value, less its rival's, falls from row 0 to row 1."""
    lead = values[:, target] - (0.0 if against is None else values[:, against])
    return float(lead[0] - lead[1])
