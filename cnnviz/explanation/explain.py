"""Which parts of an image spoke for an answer."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from cnnviz.errors import BadInput, NotPossible
from cnnviz.explanation.methods.cam import compiled_maps
from cnnviz.explanation.methods.registry import METHODS
from cnnviz.explanation.results import Explanation
from cnnviz.inference.layers import as_batch, find_layer
from cnnviz.models.model import Model, load_model

_VALUES_PER_BATCH = 32 * 224 * 224 * 3  # input values that go through the network at once


def explain(
    model: Model | str,
    images: np.ndarray | Sequence,
    method: str = "grad_cam",
    target: int | Sequence[int] | None = None,
    layer: str | None = None,
) -> Explanation:
    """Heatmaps of the evidence for a class.

    Args:
        model: a model, its name or its reference.
        images: uint8 (n, h, w, c) of any size, or a list of arrays.
        method: a key of ``METHODS``.
        target: the class to explain, one for all images or one each; None is the class with the
            highest score. To explain several classes of one image, repeat the image.
        layer: the layer whose channels are weighted (``outer/inner`` inside a nested model); None
            is the card's heatmap layer, the last one with more than 1×1 positions.

    Raises:
        BadInput: unknown method, a class out of range, no images.
        NotFound: there is no such layer.
        NotPossible: the network, or the layer, has no positions that a map could show.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    if method not in METHODS:
        raise BadInput(
            "There is no method called “{method}”. Choose one of: {known}.",
            method=str(method)[:40],
            known=", ".join(METHODS),
        )
    layer = _checked_layer(model, layer)
    prepared = as_batch(model.keras_model, model.prepare(images))
    targets = _checked_targets(target, len(prepared), len(model.card.class_names))
    run = compiled_maps(model.keras_model, layer, (METHODS[method],))
    size = max(1, _VALUES_PER_BATCH // prepared[0].size)
    parts = [
        run(prepared[i : i + size], targets[i : i + size]) for i in range(0, len(prepared), size)
    ]
    raw = np.concatenate([maps[0].numpy() for maps, _, _ in parts])
    targets = np.concatenate([found.numpy() for _, found, _ in parts])
    probabilities = np.concatenate([shares.numpy() for _, _, shares in parts])
    return Explanation(
        raw=raw,
        heatmaps=enlarge(raw, prepared.shape[1:3]),
        targets=targets,
        shares=probabilities[np.arange(len(targets)), targets],
        layer=layer,
        method=method,
        signed=METHODS[method].signed,
    )


def enlarge(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps (n, h, w) at another size, bilinear with pixel centres kept in place (half-pixel)."""
    return np.stack([cv2.resize(x, size[::-1], interpolation=cv2.INTER_LINEAR) for x in maps])


def _checked_layer(model: Model, name: str | None) -> str:
    name, default = name or model.card.heatmap_layer, model.card.heatmap_layer
    shape = find_layer(model.keras_model, name).output.shape if name else ()
    if len(shape) == 4 and (shape[1] != 1 or shape[2] != 1):
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


def _checked_targets(target: int | Sequence[int] | None, images: int, classes: int) -> np.ndarray:
    if target is None:
        return np.full(images, -1, np.int32)
    targets = np.asarray(target)
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
        if not 0 <= value < classes:
            raise BadInput(
                "There is no class {target}: the classes are numbered from 0 to {last}.",
                target=int(value),
                last=classes - 1,
            )
    return np.broadcast_to(targets, images).astype(np.int32)
