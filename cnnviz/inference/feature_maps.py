"""What every channel of a layer responds to in an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnviz.inference.layers import capture, layer_names
from cnnviz.models.model import Model, load_model

_BATCH = 64


def feature_maps(
    model: Model | str, images: np.ndarray | Sequence, layers: Sequence[str] | str | None = None
) -> dict[str, np.ndarray]:
    """The outputs of layers for images.

    Args:
        model: a model, its name or its reference.
        images: uint8 (n, h, w, c) of any size, or a list of arrays.
        layers: names of layers, ``outer/inner`` inside a nested model; all when None. All layers of
            a large network are some 100 MB an image.

    Returns:
        For each layer float32 (n, h, w, channels); layers after flattening give (n, units).

    Raises:
        NotFound: there is no such layer.
        BadInput: there are no images.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    names = (layers,) if isinstance(layers, str) else layers
    names = layer_names(model.keras_model) if names is None else tuple(names)
    look = capture(model.keras_model, names)
    prepared = model.prepare(images)
    parts = [
        look(prepared[i : i + _BATCH]).outputs for i in range(0, max(1, len(prepared)), _BATCH)
    ]
    return {
        name: np.concatenate([np.asarray(part[name], np.float32) for part in parts])
        for name in names
    }
