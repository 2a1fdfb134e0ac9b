"""Gradient and gradient × input."""

import keras
import numpy as np
import pytest

from cnnviz.explanation.explain import explain
from tests.explanation.plain_networks import linear
from tests.inference import networks


@pytest.mark.parametrize("target", [0, 2])
def test_of_a_linear_network_the_gradient_is_its_weights(target):
    model, weights, _ = linear()
    images = networks.images(model.keras_model)
    found = explain(model, images, "gradient", target)
    assert found.raw.dtype == np.float32 and not found.signed and found.layer is None
    for raw in found.raw:
        np.testing.assert_allclose(raw, np.abs(weights[..., target]).max(axis=-1), rtol=1e-5)


def test_held_against_a_class_it_is_the_difference_of_the_weights():
    model, weights, _ = linear()
    images = networks.images(model.keras_model, 2)
    found = explain(model, images, "gradient", [0, 2], against=[1, 0])
    for i, (target, against) in enumerate([(0, 1), (2, 0)]):
        expected = np.abs(weights[..., target] - weights[..., against]).max(axis=-1)
        np.testing.assert_allclose(found.raw[i], expected, rtol=1e-5)


def test_gradient_times_input_and_bias_are_the_score():
    model, weights, biases = linear()
    images = networks.images(model.keras_model)
    found = explain(model, images, "gradient_x_input", [0, 1, 2])
    for i in range(3):
        expected = (weights[..., i] * images[i]).sum(axis=-1)
        np.testing.assert_allclose(found.raw[i], expected, rtol=1e-4, atol=1e-5)
        total = found.raw[i].sum(dtype=float) + biases[i]
        assert total == pytest.approx(model.scores(images)[i, i], rel=1e-4)


def test_the_gradient_equals_tf_keras_vis():
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.scores import CategoricalScore

    model = networks.model(networks.flat())
    images, targets = networks.images(model.keras_model), [4, 0, 2]
    network = model.keras_model
    cut = keras.Model(network.inputs, network.get_layer("logits").output)
    expected = Saliency(cut, clone=False)(
        CategoricalScore(targets), images.astype(np.float32), normalize_map=False
    )
    found = explain(model, images, "gradient", targets).raw
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * expected.max())


def test_finite_differences_agree():
    model = networks.model(networks.sequential())
    image = networks.images(model.keras_model, 1)
    found = explain(model, image, "gradient_x_input", 1, against=0).raw[0]
    step = 0.5
    for row, column in ((3, 4), (8, 8), (11, 0)):
        both = np.repeat(image, 2, axis=0).astype(np.float32)
        both[:, row, column, 0] += (-step, step)
        shares = model.keras_model(both, training=False).numpy().astype(float)
        lead = np.log(shares[:, 1] / shares[:, 0])  # the softmax has taken nothing from it
        slope = (lead[1] - lead[0]) / (2 * step)
        expected = slope * image[0, row, column, 0]
        assert found[row, column] == pytest.approx(expected, rel=0.05, abs=1e-3)
