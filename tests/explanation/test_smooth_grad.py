import keras
import numpy as np
import pytest

from cnnviz.errors import BadInput
from cnnviz.explanation.explain import explain
from cnnviz.explanation.methods.smooth_grad import noise_of
from tests.explanation.plain_networks import linear
from tests.inference import networks


def test_of_a_linear_network_it_is_the_gradient():
    model, _, _ = linear()
    images = networks.images(model.keras_model)
    expected = explain(model, images, "gradient", [0, 1, 2]).raw
    found = explain(model, images, "smooth_grad", [0, 1, 2], noise=1.0, samples=5).raw
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_without_noise_it_is_the_gradient():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model)
    expected = explain(model, images, "gradient").raw
    found = explain(model, images, "smooth_grad", noise=0, samples=3).raw
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)


def test_it_equals_tf_keras_vis_under_the_same_noise(monkeypatch):
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.scores import CategoricalScore

    model = networks.model(networks.flat())
    images, targets = networks.images(model.keras_model), [4, 0, 2]
    noise = noise_of(range(70), images.shape[1:])
    # It draws noise (samples, images, h, w, c) by this function and from nowhere else.
    monkeypatch.setattr(np.random, "normal", lambda _, sigma, shape: sigma * noise[:, None])
    network = model.keras_model
    expected = Saliency(keras.Model(network.inputs, network.get_layer("logits").output))(
        CategoricalScore(targets),
        images.astype(np.float32),
        smooth_samples=70,
        smooth_noise=0.2,
        gradient_modifier=None,  # otherwise it averages magnitudes, unlike the paper
        keepdims=True,
        normalize_map=False,
    )
    found = explain(model, images, "smooth_grad", targets, samples=70, noise=0.2).raw
    expected = np.abs(expected).max(axis=-1)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * expected.max())


def test_a_samples_noise_is_its_own():
    noise = noise_of(range(3, 5), (50, 60, 3))
    np.testing.assert_array_equal(noise_of(range(4, 5), (50, 60, 3))[0], noise[1])
    assert noise.std() == pytest.approx(1, abs=0.02)
    assert abs(np.corrcoef(noise.reshape(2, -1))[0, 1]) < 0.05


def test_options_have_limits():
    model, _, _ = linear()
    images = networks.images(model.keras_model)
    for wrong in ({"samples": 0}, {"samples": 1.5}, {"noise": 2}, {"steps": 3}):
        with pytest.raises(BadInput):
            explain(model, images, "smooth_grad", **wrong)
