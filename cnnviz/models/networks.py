"""Build the untrained Keras networks of :mod:`cnnviz.models.architectures`.

Every network takes raw 0–255 pixels (n, h, w, c) and ends in a layer ``logits`` followed by
``softmax``. Convolution, normalisation and activation are layers of their own, so that each step
can be looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import keras
from keras import layers

from cnnviz.errors import BadInput
from cnnviz.models import block_shapes
from cnnviz.models.architectures import get_architecture
from cnnviz.models.blocks import Block
from cnnviz.models.blocks import parse as parse_blocks

Tensor = keras.KerasTensor


def build(
    name: str, input_shape: tuple[int, int, int], classes: int, **parameters: str | int | float
) -> keras.Model:
    """An untrained functional model.

    Args:
        name: a key of ``ARCHITECTURES``.
        input_shape: (h, w, c), c 1 or 3; most architectures need 28 pixels at least.
        classes: number of classes, at least 2.
        **parameters: settings of the architecture; the rest take their defaults.

    Raises:
        BadInput: unknown name or setting, a value out of range, an input that is too small, blocks
            that do not fit.
        NotFound, BadModel, NotPossible: the base of transfer learning cannot be used.
    """
    architecture = get_architecture(name)
    settings = architecture.settings(parameters)
    height, width, channels = input_shape
    if min(height, width) < architecture.min_side:
        raise BadInput(
            "The images are {width}×{height} pixels; the architectures need at least "
            "{minimum}×{minimum}. Enlarge the images first.",
            width=width,
            height=height,
            minimum=architecture.min_side,
        )
    if channels not in (1, 3):
        raise BadInput(
            "Images have 1 (grey) or 3 (colour) channels, not {channels}.", channels=channels
        )
    if classes < 2:
        raise BadInput("A classifier needs at least two classes.")
    if name == "own":
        block_shapes.check(parse_blocks(settings["blocks"]), input_shape, classes)
    x = inputs = layers.Input(input_shape, name="image")
    if name != "transfer":  # the base scales pixels by itself
        x = layers.Rescaling(1 / 255, name="rescaling")(x)
    x = _BODIES[name](x, **settings)
    x = layers.Dense(classes, name="logits")(x)
    outputs = layers.Activation("softmax", name="softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name=name)


def _lenet5(x: Tensor, activation: str, pooling: str, dropout: float) -> Tensor:
    pool = layers.MaxPooling2D if pooling == "max" else layers.AveragePooling2D
    for i, (channels, padding) in enumerate([(6, "same"), (16, "valid")], start=1):
        x = layers.Conv2D(channels, 5, padding=padding, name=f"conv_{i}")(x)
        x = layers.Activation(activation, name=f"{activation}_{i}")(x)
        x = pool(2, name=f"pool_{i}")(x)
    x = layers.Flatten(name="flatten")(x)
    for i, units in enumerate([120, 84], start=1):
        x = layers.Dense(units, name=f"dense_{i}")(x)
        x = layers.Activation(activation, name=f"dense_{activation}_{i}")(x)
        x = _drop(x, dropout, f"dropout_{i}")
    return x


def _tiny_vgg(x: Tensor, width: int, activation: str, dropout: float) -> Tensor:
    for block in (1, 2):
        for i in (1, 2):
            x = layers.Conv2D(width, 3, name=f"conv_{block}_{i}")(x)
            x = layers.Activation(activation, name=f"{activation}_{block}_{i}")(x)
        x = layers.MaxPooling2D(2, name=f"pool_{block}")(x)
    x = layers.Flatten(name="flatten")(x)
    return _drop(x, dropout, "dropout")


def _vgg_bn(x: Tensor, width: int, blocks: int, activation: str, dropout: float) -> Tensor:
    for block in range(1, blocks + 1):
        for i in (1, 2):
            channels = width * 2 ** (block - 1)
            x = layers.Conv2D(
                channels, 3, padding="same", use_bias=False, name=f"conv_{block}_{i}"
            )(x)
            x = layers.BatchNormalization(momentum=0.9, name=f"norm_{block}_{i}")(x)
            x = layers.Activation(activation, name=f"{activation}_{block}_{i}")(x)
        x = layers.MaxPooling2D(2, name=f"pool_{block}")(x)
        x = _drop(x, dropout, f"dropout_{block}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return _drop(x, dropout, "dropout")


def _cifar_resnet(x: Tensor, n: int, width: int, dropout: float) -> Tensor:
    x = _normalised_convolution(x, width, 1, "stem")
    x = layers.Activation("relu", name="stem_relu")(x)
    for stage in (1, 2, 3):
        for block in range(1, n + 1):
            name = f"stage_{stage}_block_{block}"
            strides = 2 if stage > 1 and block == 1 else 1
            x = _residual(x, width * 2 ** (stage - 1), strides, name)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return _drop(x, dropout, "dropout")


def _normalised_convolution(
    x: Tensor, channels: int, strides: int, name: str, size: int = 3
) -> Tensor:
    x = layers.Conv2D(
        channels,
        size,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)


def _residual(x: Tensor, channels: int, strides: int, name: str) -> Tensor:
    """Two 3×3 convolutions and a shortcut past them (arXiv 1512.03385, figure 2).

    Where the shape changes, the shortcut is a 1×1 convolution (option B of the paper).
    """
    shortcut = x
    if strides > 1 or x.shape[-1] != channels:
        shortcut = _normalised_convolution(x, channels, strides, f"{name}_shortcut", size=1)
    y = _normalised_convolution(x, channels, strides, f"{name}_1")
    y = layers.Activation("relu", name=f"{name}_1_relu")(y)
    y = _normalised_convolution(y, channels, 1, f"{name}_2")
    y = layers.Add(name=f"{name}_add")([shortcut, y])
    return layers.Activation("relu", name=f"{name}_relu")(y)


def _squeeze_excite(x: Tensor, reduction: int, name: str) -> Tensor:
    """Channels weighted by what all of them together show (arXiv 1709.01507, figure 3)."""
    channels = x.shape[-1]
    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_average")(x)
    y = layers.Dense(block_shapes.squeezed(channels, reduction), name=f"{name}_narrow")(y)
    y = layers.Activation("relu", name=f"{name}_relu")(y)
    y = layers.Dense(channels, name=f"{name}_wide")(y)
    y = layers.Activation("sigmoid", name=f"{name}_sigmoid")(y)
    return layers.Multiply(name=f"{name}_scale")([x, y])


def _own(x: Tensor, blocks: str) -> Tensor:
    counts: Counter[str] = Counter()

    def name(kind: str) -> str:
        counts[kind] += 1
        return f"{kind}_{counts[kind]}"

    for block in parse_blocks(blocks):
        if block.kind == "dense" and len(x.shape) == 4:
            x = layers.Flatten(name=name("flatten"))(x)
        x = _block(x, block, name)
    return x if len(x.shape) == 2 else layers.Flatten(name=name("flatten"))(x)


def _block(x: Tensor, block: Block, name: Callable[[str], str]) -> Tensor:
    """One block as layers, each named after its kind and numbered."""
    settings = block.settings
    if block.kind in ("conv", "separable"):
        layer = layers.Conv2D if block.kind == "conv" else layers.SeparableConv2D
        return layer(
            settings["channels"],
            settings["size"],
            settings["stride"],
            padding=settings["padding"],
            name=name(block.kind),
        )(x)
    if block.kind == "activation":
        function = settings["function"].replace(" ", "_")
        return layers.Activation(function, name=name(function))(x)
    if block.kind == "pool":
        pool = layers.MaxPooling2D if settings["kind"] == "max" else layers.AveragePooling2D
        return pool(settings["size"], name=name("pool"))(x)
    if block.kind == "norm":
        return layers.BatchNormalization(momentum=0.9, name=name("norm"))(x)
    if block.kind == "dropout":
        return _drop(x, settings["rate"], name("dropout"))
    if block.kind == "residual":
        return _residual(x, settings["channels"], settings["stride"], name("residual"))
    if block.kind == "squeeze":
        return _squeeze_excite(x, settings["reduction"], name("squeeze"))
    if block.kind == "average":
        return layers.GlobalAveragePooling2D(name=name("average"))(x)
    if block.kind == "flatten":
        return layers.Flatten(name=name("flatten"))(x)
    return layers.Dense(settings["units"], name=name("dense"))(x)


def _transfer(
    x: Tensor, base: str, invert: str, dropout: float, frozen_epochs: int, unfreeze: int
) -> Tensor:
    """``frozen_epochs`` and ``unfreeze`` are about learning, not about the network."""
    from cnnviz.models.transfer import put_on_base  # it opens models, which are built here

    return put_on_base(x, base, invert, dropout)


def _drop(x: Tensor, rate: float, name: str) -> Tensor:
    return layers.Dropout(rate, name=name)(x) if rate else x


_BODIES = {
    "lenet5": _lenet5,
    "tiny_vgg": _tiny_vgg,
    "vgg_bn": _vgg_bn,
    "cifar_resnet": _cifar_resnet,
    "own": _own,
    "transfer": _transfer,
}
