import keras
import numpy as np
import pytest

from cnnviz import storage
from cnnviz.datasets.image_references import open_image
from cnnviz.explanation.explain import explain
from cnnviz.explanation.perturbing import BASELINES, baseline
from tests.explanation.plain_networks import linear
from tests.inference import networks


@pytest.mark.parametrize("code", range(len(BASELINES)))
def test_of_a_linear_network_it_is_exact_with_two_steps(code):
    model, weights, _ = linear()
    images = networks.images(model.keras_model)
    away = images - baseline(images, BASELINES[code])
    found = explain(model, images, "integrated_gradients", [0, 1, 2], baseline=code, steps=2)
    for i in range(3):
        expected = (weights[..., i] * away[i]).sum(axis=-1)
        np.testing.assert_allclose(found.raw[i], expected, rtol=1e-4, atol=1e-4)
    assert found.signed
    assert (found.details["completeness_error"] < 1e-4).all()
    assert (found.details["steps"] == 2).all()


def test_a_kink_on_the_way_is_found():
    # score = relu(brightness − 200) of one pixel of brightness 250: 50, from the last fifth.
    inputs = keras.layers.Input((1, 2, 1))
    x = keras.layers.Dense(1, activation="relu")(keras.layers.Flatten()(inputs))
    network = keras.Model(inputs, keras.layers.Dense(2)(x))
    network.set_weights(
        [np.array([[1.0], [0.0]]), np.array([-200.0]), np.array([[0.0, 1.0]]), np.zeros(2)]
    )
    model = networks.model(network)
    image = np.array([[[[250], [100]]]], np.uint8)
    found = explain(model, image, "integrated_gradients", 1, steps=8)
    assert found.details["gain"][0] == pytest.approx(50)
    assert found.details["completeness_error"][0] < 0.01
    assert found.details["steps"][0] <= 40
    np.testing.assert_allclose(found.raw[0], [[50, 0]], rtol=0.01)


@pytest.mark.parametrize("make", [networks.flat, networks.sequential, networks.nested])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_map_adds_up_to_the_gain_on_random_networks(make, seed):
    model = networks.model(make(seed))
    images = networks.images(model.keras_model, 2, seed)
    found = explain(model, images, "integrated_gradients", [0, 2], against=[1, 0])
    nothing = np.zeros_like(images)
    lead = [
        scores[[0, 1], [0, 2]] - scores[[0, 1], [1, 0]]
        for scores in (model.scores(images), model.scores(nothing))
    ]
    totals = found.raw.sum(axis=(1, 2), dtype=float)
    np.testing.assert_allclose(totals, lead[0] - lead[1], rtol=0.011)
    np.testing.assert_allclose(found.details["gain"], lead[0] - lead[1], rtol=1e-3)
    assert (found.details["completeness_error"] < 0.01).all()


@pytest.mark.parametrize(
    ("name", "references"),
    [
        ("mnist_lenet5", ["data:mnist/test/0", "data:mnist/test/8"]),
        ("fashion_mnist_vgg", ["data:fashion_mnist/test/0", "data:fashion_mnist/test/3"]),
        ("cifar10_resnet", ["data:cifar10/test/7", "data:cifar10/test/0"]),
        pytest.param(
            "imagenet_efficientnet_lite0",
            ["photo:chelsea", "photo:coffee"],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_map_adds_up_to_the_gain_on_the_shipped_models(name, references):
    from cnnviz.models.model import load_model

    if not (storage.SHIPPED / name / "model.keras").is_file():
        pytest.skip("not made yet")
    model = load_model(name)
    images = [open_image(reference).image for reference in references]
    found = explain(model, images, "integrated_gradients")
    prepared = model.prepare(images)
    at = np.arange(len(images)), found.targets
    gain = model.scores(prepared)[at] - model.scores(np.zeros_like(prepared))[at]
    totals = found.raw.sum(axis=(1, 2), dtype=float)
    np.testing.assert_allclose(totals, gain, rtol=0.011)


def test_an_image_that_is_its_own_baseline_gets_nothing():
    model = networks.model(networks.flat())
    found = explain(model, np.zeros((1, 12, 12, 3), np.uint8), "integrated_gradients")
    assert not found.raw.any()
    assert found.details["completeness_error"] == 0
