"""One tiny network with random weights of every kind that people bring."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import keras
import numpy as np
from keras import layers, ops

from cnnviz.models.model import Model
from cnnviz.models.one_output import one_output
from cnnviz.models.structure import make_card
from tests.inference import networks

ZOO: dict[str, Callable[[], keras.Model]] = {
    "functional": networks.flat,
    "nested_twice": networks.nested,
    "sequential": networks.sequential,
}
WITHOUT_MAPS = ("dense_only",)
# The kinds that differ most from each other; the rest meets the costly combinations only in the
# tests called slow.
DISTINCT = (
    "functional",
    "nested_twice",
    "sequential",
    "classifier_inside_then_reshaped",
    "one_unit_fused",
    "multi_label",
    "used_twice",
    "residual_with_gates",
    "dense_only",
)
OPEN_SIZE = (11, 9, 3)  # what the card says where a network leaves it open


def kind(make: Callable[[], keras.Model]) -> Callable[[], keras.Model]:
    def seeded() -> keras.Model:
        keras.utils.set_random_seed(1)
        return networks.shaken(make(), 1)

    ZOO[make.__name__] = seeded
    return seeded


@cache
def known(name: str) -> Model:
    """The model of that kind, made once."""
    network = ZOO[name]()
    count = max(2, network.output_shape[-1])
    names = tuple(f"class {i}" for i in range(count))
    return Model(network, make_card(network, name, names, input_shape=OPEN_SIZE))


def _image(height: int = 10, width: int = 10, channels: int = 3) -> keras.KerasTensor:
    return layers.Input((height, width, channels), name="image")


def _base(height: int | None, width: int | None, channels: int = 3) -> list[keras.layers.Layer]:
    return [
        layers.Input((height, width, channels)),
        layers.Rescaling(1 / 64, name="scale"),
        layers.Conv2D(4, 3, activation="relu", name="conv"),
        layers.MaxPooling2D(2, name="pool"),
    ]


@kind
def sequential_in_functional() -> keras.Model:
    image = _image()
    x = keras.Sequential(_base(10, 10), name="base")(image)
    x = layers.Dense(3, name="scores")(layers.GlobalAveragePooling2D(name="average")(x))
    return keras.Model(image, layers.Softmax(name="shares")(x))


@kind
def functional_in_sequential() -> keras.Model:
    base = keras.Sequential(_base(10, 10))
    base = keras.Model(base.inputs, base.outputs[0], name="base")
    head = [layers.GlobalMaxPooling2D(name="largest"), layers.Dense(3, name="scores")]
    return keras.Sequential([_image(), base, *head])


@kind
def classifier_inside_then_reshaped() -> keras.Model:
    head = [layers.Flatten(name="flat"), layers.Dense(3, name="scores"), layers.Softmax(name="end")]
    image = _image()
    x = keras.Sequential([*_base(10, 10), *head], name="classifier")(image)
    return keras.Model(image, layers.Reshape((3,), name="again")(x))


@kind
def one_unit_fused() -> keras.Model:
    end = layers.Dense(1, activation="sigmoid", name="answer")
    return keras.Sequential([*_base(10, 10), layers.Flatten(), end])


@kind
def one_unit_apart() -> keras.Model:
    end = [layers.Dense(1, name="score"), layers.Activation("sigmoid", name="answer")]
    return keras.Sequential([*_base(10, 10, 1), layers.Flatten(), *end])


@kind
def multi_label() -> keras.Model:
    end = layers.Dense(3, activation="sigmoid", name="answer")
    return keras.Sequential([*_base(10, 10), layers.GlobalAveragePooling2D(), end])


@kind
def open_size() -> keras.Model:
    end = layers.Dense(3, activation="softmax", name="answer")
    return keras.Sequential([*_base(None, None), layers.GlobalAveragePooling2D(), end])


@kind
def rectangular() -> keras.Model:
    end = layers.Dense(3, activation="softmax", name="answer")
    return keras.Sequential([*_base(8, 14), layers.Flatten(name="flat"), end])


@kind
def separable() -> keras.Model:
    image = _image()
    x = layers.Rescaling(1 / 64)(image)
    x = layers.SeparableConv2D(4, 3, name="separable")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.ReLU(6.0, name="relu6")(x)
    x = layers.Conv2D(4, 2, dilation_rate=2, groups=2, name="dilated")(x)
    x = layers.LeakyReLU(name="leaky")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return keras.Model(image, layers.Dense(3, activation="softmax", name="answer")(x))


@kind
def transposed() -> keras.Model:
    image = _image()
    x = layers.Conv2D(4, 3, 2, activation="relu", name="down")(layers.Rescaling(1 / 64)(image))
    x = layers.Conv2DTranspose(3, 3, 2, activation="relu", name="up")(x)
    x = layers.UpSampling2D(2, interpolation="bilinear", name="larger")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return keras.Model(image, layers.Dense(3, activation="softmax", name="answer")(x))


@kind
def used_twice() -> keras.Model:
    image = _image()
    relu, conv = layers.ReLU(name="relu"), layers.Conv2D(3, 3, padding="same", name="conv")
    x = relu(conv(layers.Rescaling(1 / 64)(image)))
    x = relu(conv(layers.MaxPooling2D(2, name="pool")(x)))
    return keras.Model(image, layers.Dense(3, name="scores")(layers.Flatten(name="flat")(x)))


@kind
def mixed_precision() -> keras.Model:
    half = [
        layers.Input((10, 10, 3)),
        layers.Rescaling(1 / 255, dtype="mixed_float16"),
        layers.Conv2D(4, 3, activation="relu", dtype="mixed_float16", name="conv"),
        layers.GlobalAveragePooling2D(dtype="mixed_float16"),
    ]
    return keras.Sequential([*half, layers.Dense(3, activation="softmax", dtype="float32")])


@kind
def one_of_two_outputs() -> keras.Model:
    base = keras.Sequential(_base(10, 10))
    x = layers.Flatten(name="flat")(base.outputs[0])
    answers = [layers.Dense(n, activation="softmax", name=f"answer_{n}")(x) for n in (3, 4)]
    return one_output(keras.Model(base.inputs, answers), "answer_3", "two answers")


@kind
def residual_with_gates() -> keras.Model:
    """With a strided 1×1 shortcut from the colours, which made TensorFlow crash."""
    image = _image()
    x = layers.Rescaling(1 / 64, name="scale")(image)
    shortcut = layers.Conv2D(4, 1, 2, name="shortcut")(x)
    x = layers.Conv2D(4, 3, 2, padding="same", use_bias=False, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    gate = layers.Conv2D(4, 1, activation="sigmoid", name="gate")(gate)
    x = layers.Add(name="sum")([layers.Multiply(name="gated")([x, gate]), shortcut])
    x = layers.GlobalAveragePooling2D(name="average")(layers.ReLU(name="relu")(x))
    return keras.Model(image, layers.Dense(3, activation="softmax", name="answer")(x))


@kind
def modern() -> keras.Model:
    """No ReLU at all."""
    image = _image()
    x = layers.Conv2D(4, 2, 2, name="patches")(layers.Rescaling(1 / 64)(image))
    y = layers.DepthwiseConv2D(3, padding="same", name="mix")(x)
    y = layers.LayerNormalization(name="norm")(y)
    y = layers.Dense(4, activation="gelu", name="bend")(y)
    x = layers.Concatenate(name="both")([x, y])
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return keras.Model(image, layers.Dense(3, name="scores")(x))


@kind
def operations() -> keras.Model:
    """Made of functions rather than layers, ending in one as well."""
    image = _image()
    x = ops.relu(layers.Conv2D(4, 3, name="conv")(image / 64.0))
    x = layers.Activation("relu", name="bend")(layers.Conv2D(4, 3, 2, name="next")(x) + 0.1)
    x = layers.Dense(3, name="scores")(ops.mean(x, axis=(1, 2)))
    return keras.Model(image, ops.softmax(x))


@kind
def averaged_heads() -> keras.Model:
    """Shares of the vote that no single softmax makes."""
    base = keras.Sequential(_base(10, 10))
    x = layers.GlobalAveragePooling2D(name="average")(base.outputs[0])
    heads = [layers.Dense(3, activation="softmax", name=f"head_{i}")(x) for i in (1, 2)]
    return keras.Model(base.inputs, layers.Average(name="mean")(heads))


class Block(layers.Layer):
    """A layer of one's own with layers inside; files with such a layer are refused."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(3, 3, padding="same")
        self.relu = layers.ReLU()

    def build(self, shape: tuple) -> None:
        self.conv.build(shape)

    def call(self, x: object) -> object:
        return self.relu(self.conv(x)) + x


@kind
def own_layers() -> keras.Model:
    image = _image()
    x = Block(name="block_2")(Block(name="block_1")(layers.Rescaling(1 / 64)(image)))
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return keras.Model(image, layers.Dense(3, activation="softmax", name="answer")(x))


@kind
def dense_only() -> keras.Model:
    end = layers.Dense(3, activation="softmax", name="answer")
    bent = layers.Dense(5, activation="relu", name="dense")
    return keras.Sequential([_image(), layers.Rescaling(1 / 255), layers.Flatten(), bent, end])


def pictures(model: Model, count: int = 3) -> np.ndarray:
    """Noise at the size on the card, uint8 (count, h, w, c)."""
    shape = (count, *model.card.input_shape)
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
