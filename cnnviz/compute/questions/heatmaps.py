"""The questions what spoke for an answer: of one image, and of a gallery."""

from __future__ import annotations

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.errors import BadInput
from cnnviz.explanation.explain import explain

_MOST_TARGETS = 12
_MOST_IMAGES = 64


def heatmaps(
    context: Context,
    model: str,
    image: str,
    method: str,
    targets: list[int] | None,
    layer: str | None,
    top: int,
) -> dict:
    """Heatmaps (k, h, w) of some classes at the layer's resolution, not normalised.

    ``targets`` None: the ``top`` classes with the largest shares.
    """
    top = checking.number(top, "top", 1, _MOST_TARGETS)
    opened = context.model(model)
    names = opened.card.class_names
    if targets is not None:
        targets = checking.numbers(targets, "targets", len(names) - 1, _MOST_TARGETS)
    if layer is not None:
        layer = checking.spatial_layer_of(opened.card, layer).name
    prepared = opened.prepare([checking.image(image)])
    if targets is None:
        shares = opened.predict(prepared)[0]
        targets = checking.pick(np.argsort(-shares, kind="stable"), min(top, len(names)))
    repeated = np.repeat(prepared, len(targets), axis=0)
    found = explain(opened, repeated, checking.text(method, "method"), targets, layer)
    return {
        "maps": found.raw,
        "targets": targets,
        "names": [names[i] for i in targets],
        "shares": [float(s) for s in found.shares],
        "layer": found.layer,
        "method": found.method,
        "positive": [bool(p) for p in found.positive_evidence],
        "signed": found.signed,
    }


def gallery_heatmaps(
    context: Context, model: str, images: list[str], targets: list[int], layer: str | None
) -> dict:
    """Grad-CAM maps (k, h, w) at the layer's resolution, one for each image and its target."""
    if not isinstance(images, list) or not 1 <= len(images) <= _MOST_IMAGES:
        raise BadInput("A gallery has 1 to {most} images.", most=_MOST_IMAGES)
    opened = context.model(model)
    if not isinstance(targets, list) or len(targets) != len(images):
        raise BadInput("Each image of a gallery needs one class.")
    last = len(opened.card.class_names) - 1
    targets = [checking.number(t, "targets", 0, last) for t in targets]
    if layer is not None:
        layer = checking.spatial_layer_of(opened.card, layer).name
    prepared = opened.prepare([checking.image(reference) for reference in images])
    found = explain(opened, prepared, "grad_cam", targets, layer)
    return {"maps": found.raw, "layer": found.layer}
