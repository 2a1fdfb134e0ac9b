"""Guided backpropagation and guided Grad-CAM."""

import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.errors import NotPossible
from cnnviz.explanation.explain import explain
from cnnviz.explanation.results import enlarge
from tests.explanation.plain_networks import linear
from tests.inference import networks

RNG = np.random.default_rng(3)
WEIGHTS = [RNG.normal(0, 0.01, (12, 8)), RNG.normal(0, 0.5, (8, 6)), RNG.normal(0, 1, (6, 2))]


def _two_relus(first, second):
    """2×6 pixels through two layers of rectified units, made in the given ways."""
    inputs = layers.Input((2, 6, 1))
    x = layers.Flatten()(inputs)
    for weights, rectify in zip(WEIGHTS, (first, second), strict=False):
        x = rectify(weights.shape[1])(x)
    network = keras.Model(inputs, layers.Dense(2, activation="softmax", use_bias=False)(x))
    network.set_weights(WEIGHTS)
    return networks.model(network)


def _fused(units):
    return layers.Dense(units, activation="relu", use_bias=False)


def _layer(make):
    return lambda units: lambda x: make()(layers.Dense(units, use_bias=False)(x))


IMAGES = RNG.integers(0, 256, (5, 2, 6, 1)).astype(np.uint8)


def _by_hand(image, target, highest=np.inf):
    x = image.reshape(-1).astype(float)
    first = x @ WEIGHTS[0]
    second = np.clip(first, 0, highest) @ WEIGHTS[1]
    back = WEIGHTS[2][:, target]
    back = np.where((second > 0) & (second < highest) & (back > 0), back, 0)
    back = WEIGHTS[1] @ back
    back = np.where((first > 0) & (first < highest) & (back > 0), back, 0)
    return (WEIGHTS[0] @ back).reshape(2, 6)


@pytest.mark.parametrize(
    ("first", "second", "highest"),
    [
        (_fused, _fused, np.inf),
        (_layer(layers.ReLU), _fused, np.inf),
        (_layer(lambda: layers.Activation("relu")), _layer(layers.ReLU), np.inf),
        (_layer(lambda: layers.ReLU(6.0)), _layer(lambda: layers.Activation("relu6")), 6),
    ],
)
def test_two_layers_by_hand(first, second, highest):
    model = _two_relus(first, second)
    found = explain(model, IMAGES, "guided_backprop", [0, 1, 0, 1, 0]).raw
    expected = [_by_hand(image, i % 2, highest) for i, image in enumerate(IMAGES)]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
    assert found.any()


def test_it_equals_tf_keras_vis_and_differs_from_the_gradient():
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.model_modifiers import GuidedBackpropagation
    from tf_keras_vis.utils.scores import CategoricalScore

    model = networks.model(networks.flat())
    images, targets = networks.images(model.keras_model), [4, 0, 2]
    network = model.keras_model
    cut = keras.Model(network.inputs, network.get_layer("logits").output)
    arguments = {"gradient_modifier": None, "keepdims": True, "normalize_map": False}
    score, pixels = CategoricalScore(targets), images.astype(np.float32)
    guided = Saliency(cut, GuidedBackpropagation(), clone=True)
    expected = guided(score, pixels, **arguments).numpy().sum(axis=-1)
    plain = Saliency(cut, clone=False)(score, pixels, **arguments).numpy().sum(axis=-1)
    found = explain(model, images, "guided_backprop", targets).raw
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * scale)
    assert np.abs(found - plain).max() > 0.01 * scale


def test_the_networks_own_gradient_stays_what_it_was():
    model = networks.model(networks.nested())
    images = networks.images(model.keras_model)
    before = explain(model, images, "gradient").raw
    explain(model, images, "guided_backprop")
    np.testing.assert_array_equal(explain(model, images, "gradient").raw, before)
    fresh = networks.model(networks.nested())
    explain(fresh, images, "guided_backprop")
    np.testing.assert_allclose(explain(fresh, images, "gradient").raw, before, rtol=1e-4, atol=1e-7)


def test_without_relus_it_says_so():
    model, _, _ = linear()
    for _ in range(2):
        with pytest.raises(NotPossible, match="no ReLU layers"):
            explain(model, networks.images(model.keras_model), "guided_backprop")


def test_guided_grad_cam_is_the_product_of_both():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model)
    found = explain(model, images, "guided_grad_cam", layer="conv_2")
    guided = explain(model, images, "guided_backprop").raw
    regions = enlarge(explain(model, images, layer="conv_2").raw, (12, 12))
    expected = guided * regions
    np.testing.assert_allclose(found.raw, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())
    assert found.signed and found.layer == "conv_2" and found.raw.any()


def test_guided_grad_cam_shows_nothing_where_a_rival_was_favoured():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model)
    found = explain(model, images, "guided_grad_cam", 0, "conv_2", against=1)
    regions = enlarge(explain(model, images, "grad_cam", 0, "conv_2", against=1).raw, (12, 12))
    assert (regions < 0).any()
    assert not found.raw[regions < -1e-6].any()
