import numpy as np
import pytest
from keras import Model, layers

from cnnviz.errors import BadInput
from cnnviz.explanation.explain import explain, explain_many
from cnnviz.inference.feature_maps import feature_maps
from tests.inference import networks

RNG = np.random.default_rng(0)


def of_one_pattern(weights):
    """All channels of the layer are one picture, each with a weight of its own."""
    inputs = layers.Input((4, 5, 1))
    x = layers.Conv2D(len(weights), 1, use_bias=False, name="channels")(inputs)
    network = Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    kernel = np.array(weights, np.float32).reshape(1, 1, 1, -1)
    network.get_layer("channels").set_weights([kernel])
    return networks.model(network)


def test_channels_of_one_pattern_give_that_pattern():
    # A = picture · wᵀ has one singular vector, w / |w|; A · w / |w| = picture · |w|, |w| = 3.
    picture = RNG.integers(1, 256, (1, 4, 5, 1)).astype(np.uint8)
    found = explain(of_one_pattern([1, 2, 2]), picture, "eigen_cam", layer="channels")
    np.testing.assert_allclose(found.raw[0], 3.0 * picture[0, ..., 0], rtol=1e-5)


def test_it_has_the_sign_of_the_summed_channels():
    # Summed, the channels are −2 times the picture: below zero wherever there is something.
    picture = RNG.integers(1, 256, (1, 4, 5, 1)).astype(np.uint8)
    found = explain(of_one_pattern([1, -3]), picture, "eigen_cam", layer="channels")
    assert not found.positive_evidence.any()


def test_it_is_the_first_singular_vector_of_what_the_layer_holds():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 4)
    found = explain(model, images, "eigen_cam", layer="conv_2")
    for raw, held in zip(found.raw, feature_maps(model, images, "conv_2")["conv_2"], strict=True):
        positions = held.reshape(-1, held.shape[-1]).astype(np.float64)  # not centred
        _, strengths, vectors = np.linalg.svd(positions, full_matrices=False)
        expected = (positions @ vectors[0]).reshape(raw.shape)
        expected *= np.sign(expected.sum())
        np.testing.assert_allclose(raw, expected, rtol=1e-3, atol=1e-4 * expected.max())
        assert np.linalg.norm(raw) == pytest.approx(strengths[0], rel=1e-4)
        assert raw.min() >= 0, "after a ReLU nothing is negative"


def test_it_does_not_ask_for_a_class():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 1).repeat(2, axis=0)
    found = explain(model, images, "eigen_cam", [0, 3])
    np.testing.assert_allclose(found.raw[0], found.raw[1], rtol=1e-6)
    assert found.targets.tolist() == [0, 3]
    with pytest.raises(BadInput, match="does not ask for a class"):
        explain(model, images, "eigen_cam", 0, against=1)


def test_it_shares_the_pass_of_the_gradient_methods():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 2)
    many = explain_many(model, images, ("grad_cam", "eigen_cam"), 1, ("conv_2", "relu_1"))
    for (method, layer), found in many.items():
        alone = explain(model, images, method, 1, layer)
        np.testing.assert_allclose(found.raw, alone.raw, rtol=1e-4, atol=1e-5)


def test_a_silent_layer_shows_nothing():
    found = explain(
        of_one_pattern([0, 0]), np.full((1, 4, 5, 1), 9, np.uint8), "eigen_cam", layer="channels"
    )
    assert (found.raw == 0).all() and not found.positive_evidence.any()
