"""The weights that make one channel, and the channels whose weights are most alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from cnnviz.explanation.filters import checked_channels
from cnnviz.inference.layers import find_layer
from cnnviz.models.cards import Card, Layer
from cnnviz.models.model import Model, load_model

# Layers behind which channel c is still channel c of the layer before.
_PASSES_ON = (
    "Activation",
    "AveragePooling2D",
    "BatchNormalization",
    "Dropout",
    "ELU",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "Identity",
    "LeakyReLU",
    "MaxPooling2D",
    "PReLU",
    "ReLU",
    "SpatialDropout2D",
    "ZeroPadding2D",
)
_UNSEEN = ("Dropout", "SpatialDropout2D", "ZeroPadding2D")
_QUIET = ("Normalization", "Rescaling", *_UNSEEN)


@dataclass(frozen=True)
class ChannelKernel:
    """The kernel that makes a channel.

    ``layer`` holds the weights: the layer itself, or the one whose output it normalises, bends or
    pools. ``kernel`` (h, w, m) float32 has a slice for each of the m channels that it looks at,
    which are ``inputs`` (m,) of the layer ``input_layer`` (None: the pixels of the image); a dense
    unit behind a flattened stack of maps has a window as large as the maps. ``neighbours`` (k,) are
    the channels of the same layer with the most similar kernels, ``similarity`` (k,) the cosines.
    """

    layer: str
    kernel: np.ndarray
    inputs: np.ndarray
    input_layer: str | None
    neighbours: np.ndarray
    similarity: np.ndarray


def channel_kernel(
    model: Model | str, layer: str, channel: int, neighbours: int = 6
) -> ChannelKernel | None:
    """The kernel of a channel; None where no single layer's weights make it (a sum, the input).

    Raises:
        NotFound: there is no such layer.
        BadInput: there is no such channel.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    checked_channels([channel], model.card.layer(layer).output_shape[-1])
    maker = _maker(model.card, layer)
    read = None if maker is None else _READERS.get(maker.kind)
    if read is None:
        return None
    inputs, kernels = read(find_layer(model.keras_model, maker.name), channel)
    source = _named(model.card, maker.inputs[0]) if maker.inputs else None
    height, width, depth = kernels.shape[:3]
    if maker.kind == "Dense" and source is not None and source.kind == "Flatten" and source.inputs:
        flattened = _named(model.card, source.inputs[0])
        if flattened is not None and len(flattened.output_shape) == 3:
            source = flattened
            height, width, depth = flattened.output_shape
            inputs = np.arange(depth)
    while source is not None and source.kind in _UNSEEN and source.inputs:
        source = _named(model.card, source.inputs[0])  # its channels are those of the one before
    rows = kernels.reshape(-1, kernels.shape[-1])
    order, cosines = _alike(rows, channel, neighbours)
    return ChannelKernel(
        layer=maker.name,
        kernel=np.array(rows[:, channel], np.float32).reshape(height, width, depth),
        inputs=inputs,
        input_layer=None if _is_image(model.card, source) else source.name,
        neighbours=order,
        similarity=cosines,
    )


def kernels_of(layer: keras.layers.Layer) -> np.ndarray | None:
    """All kernels of a two-dimensional convolution, float32 (h, w, inputs, channels).

    A depthwise one looks at one input for each channel. None for other layers.
    """
    read = None if type(layer).__name__ == "Dense" else _READERS.get(type(layer).__name__)
    return None if read is None else read(layer, 0)[1]


def _maker(card: Card, name: str) -> Layer | None:
    """The layer with the weights behind a layer."""
    found = card.layer(name)
    while found.kind in _PASSES_ON:
        found = _named(card, found.inputs[0]) if len(found.inputs) == 1 else None
        if found is None:
            return None
    return found


def _named(card: Card, name: str) -> Layer | None:
    return next((x for x in card.layers if x.name == name), None)


def _is_image(card: Card, source: Layer | None) -> bool:
    """Whether a layer gives the pixels, at most rescaled."""
    while source is not None and source.kind in _QUIET and source.inputs:
        source = _named(card, source.inputs[0])
    return source is None or source.kind == "InputLayer"


def _alike(rows: np.ndarray, channel: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The columns of (values, channels) most similar to one of them, and their cosines."""
    lengths = np.sqrt(np.einsum("ij,ij->j", rows, rows))
    products = rows[:, channel] @ rows
    scale = lengths * lengths[channel]
    cosines = np.where(scale > 0, products / np.where(scale > 0, scale, 1.0), 0.0)
    cosines[channel] = -np.inf
    order = np.argsort(-cosines, kind="stable")[: min(count, len(cosines) - 1)]
    return order, np.clip(cosines[order], -1, 1)


# Each reader: (layer, channel) → inputs (m,) of the channel, kernels (h, w, m, channels).
Read = Callable[[keras.layers.Layer, int], tuple[np.ndarray, np.ndarray]]


def _weights(variable: keras.Variable) -> np.ndarray:
    return np.asarray(variable, np.float32)


def _convolution(layer: keras.layers.Layer, channel: int) -> tuple[np.ndarray, np.ndarray]:
    kernels = _weights(layer.kernel)
    depth, channels = kernels.shape[2:]
    group = channel // (channels // getattr(layer, "groups", 1))
    return group * depth + np.arange(depth), kernels


def _transposed(layer: keras.layers.Layer, channel: int) -> tuple[np.ndarray, np.ndarray]:
    kernels = np.moveaxis(_weights(layer.kernel), 2, 3)
    return np.arange(kernels.shape[2]), kernels


def _depthwise(layer: keras.layers.Layer, channel: int) -> tuple[np.ndarray, np.ndarray]:
    kernels = _weights(layer.kernel)  # (h, w, inputs, multiplier)
    return np.array([channel // kernels.shape[3]]), kernels.reshape(*kernels.shape[:2], 1, -1)


def _separable(layer: keras.layers.Layer, channel: int) -> tuple[np.ndarray, np.ndarray]:
    """Both steps as the one convolution that they amount to."""
    apart = _weights(layer.depthwise_kernel)  # (h, w, inputs, multiplier)
    mixed = _weights(layer.pointwise_kernel).reshape(*apart.shape[2:], -1)
    return np.arange(apart.shape[2]), np.einsum("hwim,imo->hwio", apart, mixed)


def _dense(layer: keras.layers.Layer, channel: int) -> tuple[np.ndarray, np.ndarray]:
    kernels = _weights(layer.kernel)[None, None]
    return np.arange(kernels.shape[2]), kernels


_READERS: dict[str, Read] = {
    "Conv2D": _convolution,
    "Conv2DTranspose": _transposed,
    "Dense": _dense,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
}
