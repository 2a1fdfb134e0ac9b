import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from cnnviz.explanation.folding import foldable, folded, folded_weights
from cnnviz.inference.layers import find_layer, run_through
from tests.inference import networks


def many_kinds():
    """Convolutions of several kinds before normalisations of several kinds."""
    inputs = layers.Input((12, 12, 3), name="image")
    x = layers.Conv2D(4, 3, strides=2, use_bias=False, padding="same", name="a")(inputs)
    x = layers.BatchNormalization(name="a_norm")(x)
    x = layers.ReLU(name="a_relu")(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="b")(x)
    x = layers.BatchNormalization(scale=False, name="b_norm")(x)
    x = layers.Conv2D(6, 1, groups=2, name="c")(x)
    x = layers.BatchNormalization(center=False, name="c_norm")(x)
    twice = layers.Conv2D(6, 3, padding="same", name="seen_twice")(x)
    x = layers.BatchNormalization(name="d_norm")(twice)
    x = layers.Add(name="add")([x, twice])
    x = layers.Conv2D(5, 3, activation="relu", name="bent")(x)
    x = layers.BatchNormalization(name="e_norm")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return networks.shaken(keras.Model(inputs, layers.Dense(3, name="answer")(x)))


def scores_and_gradient(network, names=(), fold=True):
    images = tf.constant(networks.images(network), tf.float32)
    pairs = foldable(network, [find_layer(network, n) for n in names]) if fold else []

    @tf.function(autograph=False)
    def run(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            with folded(pairs, folded_weights(pairs)):
                seen = run_through(network, images, names)
            score = seen.scores[:, 1]
        return seen.scores, tape.gradient(score, images), seen.outputs

    return run(images)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (networks.flat, {"conv_1"}),
        (networks.nested, {"conv_1"}),
        (networks.sequential, set()),
        (many_kinds, {"a", "b", "c"}),
    ],
)
def test_folded_networks_say_the_same(build, expected):
    network = build()
    assert {layer.name for layer, _ in foldable(network)} == expected
    plain, own = scores_and_gradient(network, fold=False), scores_and_gradient(network)
    for left, right in zip(plain[:2], own[:2], strict=True):
        scale = np.abs(left.numpy()).max()
        np.testing.assert_allclose(left / scale, right / scale, atol=1e-5)
    # Afterwards the network is as it was.
    again = scores_and_gradient(network, fold=False)
    np.testing.assert_array_equal(plain[0], again[0])


def test_a_layer_that_is_looked_at_keeps_its_own_output():
    network = many_kinds()
    plain = scores_and_gradient(network, ("b", "a_norm"), fold=False)[2]
    own = scores_and_gradient(network, ("b", "a_norm"))[2]
    for name in ("b", "a_norm"):
        np.testing.assert_allclose(plain[name], own[name], rtol=1e-4, atol=1e-3)


def test_lower_precision_is_left_alone():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        assert foldable(networks.flat()) == []
    finally:
        keras.config.set_dtype_policy("float32")
