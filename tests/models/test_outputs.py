"""Scores and probabilities are right for every way in which a classifier can end."""

import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.models.model import Model
from cnnviz.models.outputs import find_ending
from cnnviz.models.structure import make_card

KERNEL = np.random.default_rng(0).normal(size=(16, 3)).astype(np.float32) / 500
IMAGES = np.random.default_rng(1).integers(0, 256, (5, 4, 4, 1), dtype=np.uint8)
LOGITS = IMAGES.reshape(5, 16).astype(np.float64) @ KERNEL


def network(*end, units=3):
    model = keras.Sequential([layers.Input((4, 4, 1)), layers.Flatten(), *end])
    dense = next(x for x in model.layers if isinstance(x, layers.Dense))
    dense.set_weights([KERNEL[:, :units], np.zeros(units)])
    return model


def nested():
    inner = network(layers.Dense(3, activation="softmax"))
    image = layers.Input((4, 4, 1))
    return keras.Model(image, layers.Flatten()(inner(image)))


def functional_operation():
    image = layers.Input((4, 4, 1))
    dense = layers.Dense(3)
    model = keras.Model(image, keras.ops.softmax(dense(layers.Flatten()(image))))
    dense.set_weights([KERNEL, np.zeros(3)])
    return model


def as_model(network, classes=3):
    return Model(network, make_card(network, "x", [str(i) for i in range(classes)]))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    "make",
    [
        lambda: network(layers.Dense(3, activation="softmax")),
        lambda: network(layers.Dense(3), layers.Softmax()),
        lambda: network(layers.Dense(3), layers.Activation("softmax")),
        lambda: network(layers.Dense(3), layers.Dropout(0.5), layers.Activation("softmax")),
        lambda: network(layers.Dense(3)),
        lambda: network(layers.Dense(3, activation="linear"), layers.Activation("linear")),
        nested,
        functional_operation,
    ],
    ids=["fused", "Softmax", "Activation", "Dropout", "logits", "linear", "nested", "operation"],
)
def test_softmax_in_all_its_places(make):
    net = make()
    before = net(IMAGES.astype(np.float32)).numpy()
    model = as_model(net)
    np.testing.assert_allclose(model.scores(IMAGES), LOGITS, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.predict(IMAGES), softmax(LOGITS), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(net(IMAGES.astype(np.float32)).numpy(), before)


@pytest.mark.parametrize(
    "make",
    [
        lambda: network(layers.Dense(1, activation="sigmoid"), units=1),
        lambda: network(layers.Dense(1), layers.Activation("sigmoid"), units=1),
        lambda: network(layers.Dense(1), units=1),
    ],
    ids=["fused", "Activation", "logit"],
)
def test_a_single_sigmoid_unit_is_two_classes(make):
    model = as_model(make(), classes=2)
    z = LOGITS[:, :1]
    np.testing.assert_allclose(model.scores(IMAGES), np.hstack([-z, z]), rtol=1e-4, atol=1e-5)
    p = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(model.predict(IMAGES), np.hstack([1 - p, p]), rtol=1e-4, atol=1e-6)


def test_several_sigmoid_units_answer_each_for_itself():
    model = as_model(network(layers.Dense(3, activation="sigmoid")))
    expected = 1 / (1 + np.exp(-LOGITS))
    np.testing.assert_allclose(model.predict(IMAGES), expected, rtol=1e-4)
    np.testing.assert_allclose(model.scores(IMAGES), LOGITS, rtol=1e-4, atol=1e-5)


def test_shares_that_cannot_be_taken_apart_are_not_squeezed_twice():
    image = layers.Input((4, 4, 1))
    shares = [network(layers.Dense(3, activation="softmax"))(image) for _ in range(2)]
    model = as_model(keras.Model(image, layers.Average()(shares)))
    assert find_ending(model.keras_model).kind == "probabilities"
    np.testing.assert_allclose(model.predict(IMAGES), softmax(LOGITS), rtol=1e-4, atol=1e-6)


def test_mixed_precision_gives_float32():
    net = keras.Sequential(
        [
            layers.Input((4, 4, 1)),
            layers.Flatten(dtype="mixed_float16"),
            layers.Dense(3, dtype="mixed_float16", activation="softmax"),
        ]
    )
    model = as_model(net)
    assert model.predict(IMAGES).dtype == model.scores(IMAGES).dtype == np.float32
