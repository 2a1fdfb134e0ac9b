import time

import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.explanation.explain import explain
from cnnviz.explanation.methods.registry import METHODS
from cnnviz.explanation.task import Task
from cnnviz.inference.feature_maps import feature_maps
from tests.inference import networks


def without(model, conv, channel):
    """The network with one channel of a convolution silenced by its weights."""
    twin = keras.models.clone_model(model.keras_model)
    twin.set_weights(model.keras_model.get_weights())
    kernel, bias = twin.get_layer(conv).get_weights()
    kernel[..., channel], bias[channel] = 0, 0
    twin.get_layer(conv).set_weights([kernel, bias])
    return networks.model(twin)


def by_hand(model, images, target, conv):
    """The paper's equation 5 with a network of its own for each channel; before the ReLU."""
    held = feature_maps(model, images, conv)[conv]
    usual = model.scores(images)[:, target]
    total = 0
    for channel in range(held.shape[-1]):
        lost = usual - without(model, conv, channel).scores(images)[:, target]
        total = total + (lost / np.abs(usual))[:, None, None] * held[..., channel]
    return total


def residual():
    """The features of the first convolution go through the second one and past it."""
    keras.utils.set_random_seed(0)
    inputs = layers.Input((8, 8, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    first = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(x)
    second = layers.Conv2D(4, 3, padding="same", name="second")(first)
    x = layers.ReLU()(layers.Add()([first, second]))
    x = layers.Concatenate()([x, first])
    x = layers.GlobalAveragePooling2D()(x)
    return networks.shaken(keras.Model(inputs, layers.Dense(3, activation="softmax")(x)))


@pytest.mark.parametrize(
    ("network", "layer"),
    [(networks.flat, "conv_2"), (residual, "second"), (residual, "first")],
)
def test_it_equals_networks_without_the_channel(network, layer):
    model = networks.model(network())
    images = networks.images(model.keras_model, 2)
    for target in (0, 2):
        expected = np.maximum(by_hand(model, images, target, layer), 0)
        found = explain(model, images, "ablation_cam", target, layer)
        np.testing.assert_allclose(found.raw, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_a_negative_score_does_not_turn_the_map_around():
    inputs = layers.Input((2, 2, 1))
    x = layers.Conv2D(2, 1, use_bias=False, name="channels")(inputs)
    network = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    # Channel 0 speaks for class 0 and channel 1 against it; the bias keeps the score below zero.
    network.set_weights(
        [
            np.array([[[[1, 2]]]], np.float32),
            np.array([[4, 0], [-1, 0]], np.float32),
            np.array([-1000, 0], np.float32),
        ]
    )
    image = np.array([[[[1], [2]], [[3], [6]]]], np.uint8)
    found = explain(networks.model(network), image, "ablation_cam", 0, "channels")
    picture = image[0, :, :, 0].astype(float)
    score = 4 * 3 - 6 - 1000  # the picture's mean is 3
    weights = np.array([12, -6]) / abs(score)
    np.testing.assert_allclose(found.raw[0], picture * (weights @ [1, 2]), atol=1e-6)
    held = explain(networks.model(network), image, "ablation_cam", 0, "channels", against=1)
    assert held.signed
    np.testing.assert_allclose(held.raw[0], picture * (12 - 12) / abs(score), atol=1e-6)


def test_of_a_layer_used_twice_the_last_use_is_ablated():
    inputs = layers.Input((8, 8, 4))
    shared = layers.Conv2D(4, 3, padding="same", activation="relu", name="shared")
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.GlobalAveragePooling2D()(shared(shared(x)))
    twice = networks.shaken(keras.Model(inputs, layers.Dense(3)(x)))
    first = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")
    last = layers.Conv2D(4, 3, padding="same", activation="relu", name="last")
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.GlobalAveragePooling2D()(last(first(x)))
    unrolled = keras.Model(inputs, layers.Dense(3)(x))
    kernel, bias, *dense = twice.get_weights()
    unrolled.set_weights([kernel, bias, kernel, bias, *dense])
    images = networks.images(twice, 2).astype(np.float32)
    targets, none = np.array([0, 2], np.int32), np.array([-1, -1], np.int32)
    found, expected = (
        METHODS["ablation_cam"].explain(Task(network, images, targets, none, 32, layer)).raw
        for network, layer in ((twice, "shared"), (unrolled, "last"))
    )
    assert expected.any()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_silent_channels_are_not_asked_about():
    network = networks.sequential()
    kernel, bias = network.get_layer("conv").get_weights()
    kernel[..., 1], bias[1] = 0, 0
    network.get_layer("conv").set_weights([kernel, bias])
    model = networks.model(network)
    found = explain(model, networks.images(network, 1), "ablation_cam", 0, "conv")
    assert found.details["channels"].tolist() == [3]


def test_a_layer_that_nothing_depends_on_shows_nothing():
    network = networks.flat()
    dense = network.get_layer("logits")
    dense.set_weights([np.zeros_like(dense.get_weights()[0]), np.arange(5.0)])
    found = explain(networks.model(network), networks.images(network, 2), "ablation_cam", 3)
    assert (found.raw == 0).all() and not found.positive_evidence.any()


def test_what_comes_before_the_layer_is_not_run_again():
    """Both ask about 32 channels; for Ablation-CAM next to nothing lies behind the layer."""
    inputs = layers.Input((64, 64, 3))
    x = inputs
    for _ in range(6):
        x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.Conv2D(32, 3, strides=8, activation="relu", name="last")(x)
    network = keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    model = networks.model(network)
    image = networks.images(network, 1)
    costs = {"score_cam": [], "ablation_cam": []}
    for _ in range(4):
        for method, cost in costs.items():
            began = time.process_time()
            explain(
                model, image, method, 0, "last", **({"channels": 0} if method[0] == "s" else {})
            )
            cost.append(time.process_time() - began)
    assert min(costs["ablation_cam"]) < min(costs["score_cam"]) / 3
