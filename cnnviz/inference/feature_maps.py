"""What every channel of a layer responds to in an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnviz.inference.layers import capture, layer_names
from cnnviz.models.batching import images_at_once
from cnnviz.models.model import Model, load_model


def feature_maps(
    model: Model | str, images: np.ndarray | Sequence, layers: Sequence[str] | str | None = None
) -> dict[str, np.ndarray]:
    """The outputs of layers for images.

    Args:
        model: a model, its name or its reference.
        images: uint8 (n, h, w, c) of any size, or a list of arrays.
        layers: names of layers, ``outer/inner`` inside a nested model; all when None. All layers of
            a large network are some 100 MB an image; ``card.activation_layers`` are the ones worth
            looking at, and hardly dearer than the answer alone.

    Returns:
        For each layer float32 (n, h, w, channels); layers after flattening give (n, units).

    Raises:
        NotFound: there is no such layer.
        BadInput: there are no images.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    names = (layers,) if isinstance(layers, str) else layers
    names = layer_names(model.keras_model) if names is None else tuple(names)
    look = capture(model.keras_model, names, stop=True)
    prepared = model.prepare(images)
    size = images_at_once(model.card, share=2, most=None)
    if len(prepared) <= size:  # the arrays are the network's own: nothing is copied
        outputs = look(prepared).outputs
        return {name: np.asarray(outputs[name], np.float32) for name in names}
    found: dict[str, np.ndarray] = {}
    for start in range(0, len(prepared), size):
        part = slice(start, start + size)
        for name, values in look(prepared[part]).outputs.items():
            if name not in found:
                found[name] = np.empty((len(prepared), *values.shape[1:]), np.float32)
            found[name][part] = values
    return {name: found[name] for name in names}
