"""Receptive fields against gradients: which input pixels does the centre unit depend on?"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from cnnviz.models.networks import build
from cnnviz.models.structure import describe_layers


def pixels_with_influence(network, layer, units):
    """For each unit: (first row, last row, first column, last column) with a gradient on it.

    Max-pooling lets one pixel through at a time, hence many random images there.
    """
    pools = any(isinstance(x, layers.MaxPooling2D) for x in network.layers)
    shape = (192 if pools else 1, *network.inputs[0].shape[1:])
    x = tf.constant(np.random.default_rng(0).uniform(0, 255, shape), tf.float32)
    part = keras.Model(network.inputs, network.get_layer(layer).output)
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(x)
        output = part(x, training=False)
        values = [tf.reduce_sum(output[:, row, column]) for row, column in units]
    for value in values:
        hit = np.abs(tape.gradient(value, x).numpy()).sum(axis=(0, 3)) > 0
        rows, columns = np.flatnonzero(hit.any(axis=1)), np.flatnonzero(hit.any(axis=0))
        yield (rows[0], rows[-1], columns[0], columns[-1]) if rows.size else None


def seen_inside(field, unit, sides):
    """The described window, cut off at the borders of the image, in the same form.

    None where nothing is left of it: such a unit sees only padding.
    """
    window = []
    for axis in (0, 1):
        first = field.start[axis] + unit[axis] * field.stride[axis]
        window += [max(first, 0), min(first + field.size[axis], sides[axis]) - 1]
    top, bottom, left, right = window
    return None if top > bottom or left > right else tuple(window)


def check_against_gradients(network):
    """Compare one layer for each distinct receptive field; returns how many were compared.

    All kernels are made positive, so that nothing cancels and no ReLU is dead.
    """
    rng = np.random.default_rng(1)
    for layer in network.layers:
        if "conv" in type(layer).__name__.lower():
            layer.set_weights([rng.uniform(0.1, 0.2, w.shape) for w in layer.weights])
    described = [x for x in describe_layers(network)[1:] if x.receptive_field is not None]
    distinct = {x.receptive_field: x for x in described}
    for field, layer in distinct.items():
        h, w, _ = layer.output_shape
        units = [(h // 2, w // 2), (0, 0), (h - 1, w - 1)]
        expected = [seen_inside(field, unit, network.inputs[0].shape[1:3]) for unit in units]
        assert list(pixels_with_influence(network, layer.name, units)) == expected, layer.name
    return len(distinct)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("lenet5", {"pooling": "average"}),
        ("tiny_vgg", {"width": 4}),
        ("vgg_bn", {"width": 4, "blocks": 2}),
        ("cifar_resnet", {"n": 1, "width": 4}),
    ],
)
def test_the_architectures(name, parameters):
    assert check_against_gradients(build(name, (33, 30, 1), 3, **parameters)) >= 5


def net(*middle, shape=(26, 23, 1)):
    return keras.Sequential([layers.Input(shape), *middle])


@pytest.mark.parametrize(
    "network",
    [
        net(layers.Conv2D(2, (3, 5), strides=(2, 1)), layers.Conv2D(2, 2, dilation_rate=(3, 2))),
        net(layers.Conv2D(2, 3, 2, padding="same"), layers.Conv2D(2, 4, 3, padding="same")),
        net(layers.DepthwiseConv2D(5, 2, padding="same"), layers.SeparableConv2D(3, 3)),
        net(layers.ZeroPadding2D(((2, 0), (1, 3))), layers.Conv2D(2, 3), layers.ReLU()),
        net(layers.Conv2D(2, 3), layers.Cropping2D(((1, 2), (3, 0))), layers.AveragePooling2D(3)),
        net(layers.MaxPooling2D(3, 2, padding="same"), layers.Conv2D(2, 3, padding="same")),
    ],
    ids=["strides", "same", "depthwise", "padding", "cropping", "pooling"],
)
def test_single_layers(network):
    assert check_against_gradients(network) >= 2


def test_branches_are_united():
    image = layers.Input((24, 24, 1))
    narrow = layers.Conv2D(2, 3, 2, padding="same")(image)
    wide = layers.Conv2D(2, 5, 2, padding="same")(image)
    x = layers.Concatenate()(
        [
            layers.Cropping2D(((4, 0), (0, 0)))(narrow),  # looks further down than the other
            layers.Cropping2D(((0, 4), (0, 0)))(wide),
        ]
    )
    assert check_against_gradients(keras.Model(image, layers.Conv2D(2, 3)(x))) >= 5


@pytest.mark.parametrize(
    "layer",
    [
        layers.UpSampling2D(2),
        layers.Conv2DTranspose(2, 3, 2),
        layers.GlobalAveragePooling2D(keepdims=True),
        layers.LayerNormalization(axis=[1, 2, 3]),
        layers.Reshape((16, 4, 1)),
    ],
)
def test_none_where_windows_have_no_even_spacing_or_span_the_image(layer):
    network = net(layer, layers.Activation("relu"), shape=(8, 8, 1))
    assert [x.receptive_field for x in describe_layers(network)[1:]] == [None, None]


def test_none_after_squeeze_and_excite():
    image = layers.Input((8, 8, 2))
    x = layers.Conv2D(4, 3, name="conv")(image)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(4, 1, activation="sigmoid")(gate)
    y = layers.Multiply(name="gated")([x, gate])
    described = {x.name: x for x in describe_layers(keras.Model(image, y))}
    assert described["conv"].receptive_field.size == (3, 3)
    assert described["gated"].receptive_field is None
