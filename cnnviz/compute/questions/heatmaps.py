"""The questions what spoke for an answer: of one image, and of a gallery."""

from __future__ import annotations

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.compute.questions.maps import shrink
from cnnviz.errors import BadInput
from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.explanation.explain import checked_method, explain, explain_many
from cnnviz.explanation.methods.registry import METHODS
from cnnviz.explanation.results import Explanation
from cnnviz.explanation.task import checked_options
from cnnviz.models.model import Model

_MOST_TARGETS = 12
_MOST_IMAGES = 64
_TABLE_METHODS, _TABLE_LAYERS, _TABLE_TARGETS = 5, 8, 4
_TABLE_SIDE = 88  # fields a side; with all of the above an answer of 5 MB


def heatmaps(
    context: Context,
    model: str,
    image: str,
    method: str,
    targets: list[int] | None,
    layer: str | None,
    top: int,
    against: int | None,
    options: dict[str, float],
) -> dict:
    """Heatmaps (k, h, w) of some classes at the layer's resolution, not normalised.

    ``targets`` None: the ``top`` classes with the largest shares. ``against``: a class that they
    are held against. Methods that take no layer leave ``layer`` aside. ``details`` are figures of
    the method about its maps, a list of k numbers each.
    """
    if CATALOGUE[checked_method(method)].cost != "quick":
        raise BadInput("The method “{method}” takes long: ask for slow_heatmaps.", method=method)
    return _heatmaps(context, model, image, method, targets, layer, top, against, options)


def slow_heatmaps(
    context: Context,
    model: str,
    image: str,
    method: str,
    targets: list[int] | None,
    layer: str | None,
    top: int,
    against: int | None,
    options: dict[str, float],
) -> dict:
    """``heatmaps`` by any method. Frames have the answer's form, with the maps so far."""
    return _heatmaps(context, model, image, method, targets, layer, top, against, options, True)


def _heatmaps(
    context: Context,
    model: str,
    image: str,
    method: str,
    targets: list[int] | None,
    layer: str | None,
    top: int,
    against: int | None,
    options: dict[str, float],
    framed: bool = False,
) -> dict:
    top = checking.number(top, "top", 1, _MOST_TARGETS)
    takes_layer = CATALOGUE[checked_method(method)].takes_layer
    if not isinstance(options, dict):
        raise BadInput("The options of a method are names with a number each.")
    options = checked_options(METHODS[method], options)
    opened = context.model(model)
    if targets is not None:
        targets = _classes(opened, targets, "targets", _MOST_TARGETS)
    rival = None if against is None else _classes(opened, [against], "against", 1)[0]
    layer = checking.spatial_layer_of(opened.card, layer).name if layer and takes_layer else None
    prepared = opened.prepare([checking.image(image)])
    shares = opened.predict(prepared)[0] if targets is None or framed else None
    if targets is None:
        targets = checking.pick(np.argsort(-shares, kind="stable"), min(top, len(shares)))

    def answer(found: Explanation) -> dict:
        return {
            "maps": found.raw,
            **_of_targets(opened, targets, found),
            "layer": found.layer,
            "method": method,
            "takes_layer": takes_layer,
            "against": rival,
            "positive": [bool(p) for p in found.positive_evidence],
            "signed": found.signed,
            "details": {k: [float(x) for x in v] for k, v in found.details.items()},
        }

    def on_frame(maps: np.ndarray) -> None:
        rivals = None if rival is None else np.array([rival])
        signed = CATALOGUE[method].is_signed(rival is not None)
        known = np.array(targets), shares[targets], layer, method, signed, rivals
        drawn.append(answer(Explanation(maps, prepared.shape[1:3], *known)))

    def report(fraction: float, text: str) -> None:
        """With the maps drawn since the last report: of both together, five a second are sent."""
        context.report(fraction, text, drawn[-1] if drawn else None)
        drawn.clear()

    drawn: list[dict] = []
    found = explain(
        opened,
        np.repeat(prepared, len(targets), axis=0),
        method,
        targets,
        layer,
        against=rival,
        report=report,
        check_cancelled=context.check_cancelled,
        on_frame=on_frame if framed else None,
        **options,
    )
    return answer(found)


def heatmap_table(
    context: Context,
    model: str,
    image: str,
    methods: list[str],
    layers: list[str] | None,
    targets: list[int] | None,
    against: int | None,
) -> dict:
    """Gradient class activation maps for every method, layer and target, from one pass.

    ``layers`` None: the usual one; ``targets`` None: the class with the largest share. Each of the
    ``cells`` has a method, a layer and its ``maps`` (k, h, w), one for each target, at the layer's
    resolution; larger ones than 88 fields a side are averaged down to that.
    """
    methods = [checked_method(m) for m in _names(methods, "methods", _TABLE_METHODS)]
    opened = context.model(model)
    if layers is not None:
        layers = _names(layers, "layers", _TABLE_LAYERS)
        layers = [checking.spatial_layer_of(opened.card, name).name for name in layers]
    if targets is not None:
        targets = _classes(opened, targets, "targets", _TABLE_TARGETS)
    rival = None if against is None else _classes(opened, [against], "against", 1)[0]
    prepared = opened.prepare([checking.image(image)])
    if targets is None:
        targets = [int(opened.predict(prepared)[0].argmax())]
    repeated = np.repeat(prepared, len(targets), axis=0)
    found = explain_many(opened, repeated, methods, targets, layers or (None,), against=rival)
    cells = [
        {
            "method": one.method,
            "layer": one.layer,
            "maps": shrink(one.raw.transpose(1, 2, 0), _TABLE_SIDE).transpose(2, 0, 1),
            "positive": [bool(p) for p in one.positive_evidence],
            "signed": one.signed,
        }
        for one in found.values()
    ]
    one = next(iter(found.values()))
    layers = list(dict.fromkeys(cell["layer"] for cell in cells))
    known = {"methods": methods, "layers": layers, "against": rival}
    return {"cells": cells, **_of_targets(opened, targets, one), **known}


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


def _classes(model: Model, value: object, name: str, most: int) -> list[int]:
    return checking.numbers(value, name, len(model.card.class_names) - 1, most)


def _names(value: object, name: str, most: int) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise BadInput("“{name}” has to be a list of 1 to {most} names.", name=name, most=most)
    return list(dict.fromkeys(checking.text(v, name) for v in value))


def _of_targets(model: Model, targets: list[int], found: Explanation) -> dict:
    return {
        "targets": targets,
        "names": [model.card.class_names[i] for i in targets],
        "shares": [float(s) for s in found.shares],
    }
