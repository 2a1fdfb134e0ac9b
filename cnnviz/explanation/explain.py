"""Which parts of an image spoke for an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from cnnviz.errors import BadInput, NotPossible
from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.explanation.methods.cam import ClassActivationMap, explain_together
from cnnviz.explanation.methods.registry import METHODS
from cnnviz.explanation.results import Explanation
from cnnviz.explanation.scoring import BEST, NONE
from cnnviz.explanation.task import Found, OnFrame, Report, Task, checked_options
from cnnviz.inference.layers import as_batch, output_shape
from cnnviz.models.batching import images_at_once
from cnnviz.models.model import Model, load_model

Classes = int | Sequence[int] | None


def explain(
    model: Model | str,
    images: np.ndarray | Sequence,
    method: str = "grad_cam",
    target: Classes = None,
    layer: str | None = None,
    *,
    against: Classes = None,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
    on_frame: OnFrame | None = None,
    **options: float,
) -> Explanation:
    """Heatmaps of the evidence for a class.

    Args:
        model: a model, its name or its reference.
        images: uint8 (n, h, w, c) of any size, or a list of arrays.
        method: a key of ``METHODS``.
        target: the class to explain, one for all images or one each; None is the class with the
            highest score. To explain several classes of one image, repeat the image.
        layer: for class activation maps the layer whose channels are weighted (``outer/inner``
            inside a nested model); None is the card's heatmap layer, the last one with more than
            1×1 positions. Methods that work on pixels take none.
        against: a class to hold the target against, one for all images or one each: what spoke
            for the one rather than the other. The maps are then signed.
        report: called with the fraction done and a text.
        check_cancelled: called between steps; ends the work by raising.
        on_frame: called with the maps so far (n, h, w), by methods that take long.
        **options: of the method, see its ``options``.

    Raises:
        BadInput: unknown method or option, a class out of range, no images.
        NotFound: there is no such layer.
        NotPossible: the network, or the layer, has no positions that a map could show.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    explainer = METHODS[checked_method(method, against)]
    layer = checked_layer(model, layer) if CATALOGUE[method].takes_layer else None
    task = _task(model, images, target, against, layer, report, check_cancelled, on_frame)
    task = replace(task, options=checked_options(explainer, options))
    return _explanation(task, method, layer, explainer.explain(task))


def explain_many(
    model: Model | str,
    images: np.ndarray | Sequence,
    methods: Sequence[str] = ("grad_cam",),
    target: Classes = None,
    layers: Sequence[str | None] = (None,),
    *,
    against: Classes = None,
) -> dict[tuple[str, str], Explanation]:
    """Several gradient class activation maps at several layers for the price of about one.

    Arguments and errors are those of ``explain``; methods that need more than the one forward and
    backward pass are refused with BadInput.

    Returns:
        An explanation for each (method, layer).
    """
    model = load_model(model) if not isinstance(model, Model) else model
    explainers = [METHODS[checked_method(method, against)] for method in methods]
    for explainer in explainers:
        if not isinstance(explainer, ClassActivationMap):
            raise BadInput(
                "“{method}” cannot share its pass with others; ask for it alone.",
                method=explainer.name,
            )
    names = [checked_layer(model, layer) for layer in layers]
    task = _task(model, images, target, against, None, None, None, None)
    found = explain_together(task, explainers, names)
    return {key: _explanation(task, *key, one) for key, one in found.items()}


def checked_method(method: str, against: Classes = None) -> str:
    """The name of a method, one that can hold classes against each other where that is wanted.

    Raises:
        BadInput: there is none of that name, or it does not ask for a class.
    """
    if not isinstance(method, str) or method not in METHODS:
        raise BadInput(
            "There is no method called “{method}”. Choose one of: {known}.",
            method=str(method)[:40],
            known=", ".join(METHODS),
        )
    if against is not None and CATALOGUE[method].class_blind:
        raise BadInput(
            "{method} does not ask for a class, so it cannot hold one against another.",
            method=CATALOGUE[method].title,
        )
    return method


def checked_layer(model: Model, name: str | None) -> str:
    """The name of a layer with positions, the card's heatmap layer for None.

    Raises:
        NotFound: there is no such layer.
        NotPossible: it, or the whole network, has no positions.
    """
    name, default = name or model.card.heatmap_layer, model.card.heatmap_layer
    shape = output_shape(model.keras_model, name) if name else ()
    if len(shape) == 3 and shape[0] * shape[1] > 1:
        return name
    if default is None:
        raise NotPossible(
            "This network has no layer with more than one position, so there is no heatmap of it: "
            "it does not keep where in the image something was."
        )
    raise NotPossible(
        "The layer “{layer}” no longer keeps where in the image something was. Choose an "
        "earlier layer, such as “{suggestion}”.",
        layer=name[:60],
        suggestion=default,
    )


def checked_classes(classes: Classes, images: int, known: int, none: int) -> np.ndarray:
    """One class for each image as int32 (n,), ``none`` where there is none; raises BadInput."""
    if classes is None:
        return np.full(images, none, np.int32)
    targets = np.asarray(classes)
    if targets.dtype.kind not in "iu" or targets.ndim > 1:
        raise BadInput("The class to explain is a number, or one number for each image.")
    if targets.ndim == 1 and len(targets) != images:
        raise BadInput(
            "There are {images} images but {targets} classes to explain; give one class, or one "
            "for each image.",
            images=images,
            targets=len(targets),
        )
    for value in targets.flat:
        if not 0 <= value < known:
            raise BadInput(
                "There is no class {target}: the classes are numbered from 0 to {last}.",
                target=int(value),
                last=known - 1,
            )
    return np.broadcast_to(targets, images).astype(np.int32)


def _task(
    model: Model,
    images: np.ndarray | Sequence,
    target: Classes,
    against: Classes,
    layer: str | None,
    report: Report | None,
    check_cancelled: Callable[[], None] | None,
    on_frame: OnFrame | None,
) -> Task:
    prepared = as_batch(model.keras_model, model.prepare(images))
    classes = len(model.card.class_names)
    return Task(
        model.keras_model,
        prepared,
        checked_classes(target, len(prepared), classes, BEST),
        checked_classes(against, len(prepared), classes, NONE),
        images_at_once(model.card, most=None),
        layer,
        report=report or (lambda fraction, text: None),
        check_cancelled=check_cancelled or (lambda: None),
        on_frame=on_frame,
    )


def _explanation(task: Task, method: str, layer: str | None, found: Found) -> Explanation:
    held = task.against >= 0
    return Explanation(
        raw=found.raw,
        size=task.images.shape[1:3],
        targets=found.targets,
        shares=found.shares,
        layer=layer,
        method=method,
        signed=CATALOGUE[method].is_signed(bool(held.any())),
        against=task.against if held.any() else None,
        details=found.details,
    )
