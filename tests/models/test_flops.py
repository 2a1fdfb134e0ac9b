"""Operations counted by TensorFlow's own profiler, and by hand where it counts otherwise."""

import contextlib
import io

import keras
import pytest
import tensorflow as tf
from keras import layers
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from cnnviz.models.structure import describe_layers

SHAPE = (11, 10, 6)


def own_count(layer):
    network = keras.Sequential([layers.Input(SHAPE), layer])
    return network, describe_layers(network)[1].flops


def profiler_count(network):
    spec = tf.TensorSpec((1, *SHAPE), tf.float32)
    concrete = tf.function(lambda x: network(x, training=False)).get_concrete_function(spec)
    graph = convert_variables_to_constants_v2(concrete).graph
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    with contextlib.redirect_stdout(io.StringIO()):
        profile = tf.compat.v1.profiler.profile(graph, options=options)
    return profile.total_float_ops


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(5, (3, 2), strides=2),
        layers.Conv2D(5, 3, padding="same", use_bias=False),
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.MaxPooling2D(3, 2),
        layers.AveragePooling2D(2),
        layers.Dense(7),
    ],
)
def test_the_profiler_agrees(layer):
    network, count = own_count(layer)
    assert count == profiler_count(network)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv2D(5, 3, dilation_rate=2, use_bias=False), 7 * 6 * 5 * 2 * 9 * 6),
        (layers.Conv2D(4, 3, groups=2, use_bias=False), 9 * 8 * 4 * 2 * 9 * 3),
        (layers.SeparableConv2D(5, 3), 9 * 8 * (6 * 2 * 9 + 5 * 2 * 6 + 5)),
        (layers.Conv2DTranspose(5, 2, 2), 110 * 6 * 5 * 2 * 4 + 22 * 20 * 5),
        (layers.BatchNormalization(), 2 * 660),
        (layers.Rescaling(1 / 255), 2 * 660),
        (layers.GlobalAveragePooling2D(), 660),
        (layers.ReLU(), 0),
        (layers.Flatten(), 0),
    ],
)
def test_by_hand(layer, expected):
    assert own_count(layer)[1] == expected


def test_merging_costs_one_operation_a_value_and_further_branch():
    image = layers.Input(SHAPE)
    network = keras.Model(image, layers.Add(name="sum")([image, layers.ReLU()(image), image]))
    assert {x.name: x.flops for x in describe_layers(network)}["sum"] == 2 * 660
