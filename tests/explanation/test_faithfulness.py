import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput, Cancelled
from cnnviz.explanation.comparing import compare_methods
from cnnviz.explanation.explain import explain
from cnnviz.explanation.faithfulness import Trial, faithfulness
from cnnviz.explanation.measures import MEASURES
from cnnviz.explanation.randomisation import randomisation_check
from cnnviz.explanation.results import Explanation
from tests.inference import networks

SIDE, PLACE = 10, (3, 4)


def one_pixel(strength=1.0):
    """A network that looks at one pixel: class 0 when it is bright, class 1 when it is dark."""
    inputs = layers.Input((SIDE, SIDE, 1))
    x = layers.Conv2D(1, 1, name="copy")(inputs)
    x = layers.Dense(2, activation="softmax", name="answer")(layers.Flatten()(x))
    network = keras.Model(inputs, x)
    kernel = np.zeros((SIDE, SIDE, 2), np.float32)
    kernel[PLACE] = [strength, -strength]
    network.set_weights(
        [
            np.ones((1, 1, 1, 1)),
            np.zeros(1),
            kernel.reshape(-1, 2),
            np.array([-127.5, 127.5]) * strength,
        ]
    )
    return networks.model(network)


def spot():
    image = np.zeros((1, SIDE, SIDE, 1), np.uint8)
    image[0, *PLACE] = 255
    return image


def told(raw, target=0, **known):
    """An explanation whose heatmap is given."""
    raw = np.asarray(raw, np.float32)
    targets = np.full(len(raw), target)
    return Explanation(raw, raw.shape[1:], targets, np.ones(len(raw)), "copy", "grad_cam", **known)


def pointing(sign=1.0):
    raw = np.random.default_rng(0).uniform(0.1, 1, (1, SIDE, SIDE))
    raw[0, *PLACE] = 5 if sign > 0 else 0
    return told(raw)


def test_the_right_pixel_first_is_the_best_there_can_be():
    found = faithfulness(one_pixel(), spot(), pointing(), steps=20)
    # The first twentieth takes the pixel: half a step of the trapezoid is all that is left.
    assert found.measure("deletion")[0] == pytest.approx(1 / 40, abs=1e-6)
    assert found.measure("insertion")[0] == pytest.approx(1 - 1 / 40, abs=1e-6)
    assert found.measure("road")[0] > 0.95
    np.testing.assert_allclose(found.deletion[0], [1] + [0] * 20, atol=1e-6)
    assert found.measure("average_drop")[0] == pytest.approx(0, abs=1e-6)
    assert found.verdict() == "points"
    assert found.beaten[0] == found.random_deletion.shape[1]


def test_the_right_pixel_last_is_the_worst():
    found = faithfulness(one_pixel(), spot(), pointing(-1), steps=20)
    assert found.measure("deletion")[0] == pytest.approx(1 - 1 / 40, abs=1e-6)
    assert found.measure("insertion")[0] == pytest.approx(1 / 40, abs=1e-6)
    assert found.measure("road")[0] < -0.95
    assert found.measure("average_drop")[0] == pytest.approx(1, abs=1e-6)
    assert found.verdict() == "misleads"


def test_a_network_that_looks_at_nothing():
    found = faithfulness(one_pixel(0.0), spot(), pointing(), steps=10)
    np.testing.assert_allclose(found.deletion, 0.5)
    assert found.measure("deletion")[0] == found.measure("insertion")[0] == pytest.approx(0.5)
    assert found.measure("road")[0] == found.measure("average_drop")[0] == 0
    assert found.measure("average_increase")[0] == 0
    assert found.verdict() == "unmoved"


def test_a_class_without_a_vote_tells_little():
    found = faithfulness(one_pixel(), spot(), told(pointing().raw, target=1), steps=10)
    assert found.votes[0] < 1e-6
    assert found.verdict() == "little"


def test_a_heatmap_without_positive_evidence_says_so():
    found = faithfulness(one_pixel(), spot(), told(np.zeros((1, SIDE, SIDE))), steps=10)
    assert not found.evidence[0]
    assert found.verdict() == "empty"
    assert found.measure("average_drop")[0] == pytest.approx(1, abs=1e-6), "nothing is kept"
    with_rest = faithfulness(one_pixel(), spot(), told(-pointing().raw), steps=10)
    assert with_rest.verdict() == "empty"


def test_curves_by_hand():
    """Four pixels, of which the network adds up all: every point of every curve is known."""
    inputs = layers.Input((2, 2, 1))
    x = layers.Conv2D(1, 1, name="copy")(inputs)
    x = layers.Dense(1, activation="sigmoid")(layers.Flatten()(x))
    network = keras.Model(inputs, x)
    weights = np.array([4, 3, 2, 1]) / 100
    network.set_weights(
        [np.ones((1, 1, 1, 1)), np.zeros(1), weights.reshape(4, 1), np.array([-3.0])]
    )
    model = networks.model(network)
    image = np.array([200, 100, 50, 10], np.float32).reshape(2, 2, 1)
    trial = Trial(model, image, target=1)
    order = np.array([0, 1, 2, 3], np.int32)

    def vote(pixels):
        return 1 / (1 + np.exp(3 - pixels @ weights))

    expected = [vote(np.where(np.arange(4) < k, 90, image.ravel())) for k in range(5)]
    shares = np.linspace(0, 1, 5)
    np.testing.assert_allclose(trial.deletion([order], shares)[0], expected, rtol=1e-5)
    heat = np.array([[2.0, 1.0], [-3.0, 0.5]])
    kept = vote(image.ravel() * np.array([1, 0.5, 0, 0.25]))
    np.testing.assert_allclose(trial.kept([heat]), [kept], rtol=1e-5)
    # The same network answered for its other class, and held against it.
    np.testing.assert_allclose(
        Trial(model, image, target=0).votes([image]), 1 - expected[0], rtol=1e-4
    )
    held = Trial(model, image, target=1, against=0).votes([image])[0]
    lead = 2 * (image.ravel() @ weights - 3)
    assert held == pytest.approx(1 / (1 + np.exp(-lead)), rel=1e-5)


def ending(units, activation):
    """A small network that ends in its own way."""
    inputs = layers.Input((8, 8, 1))
    x = layers.Conv2D(3, 3, activation="relu", name="conv")(inputs)
    x = layers.Dense(units, activation=activation, name="answer")(layers.Flatten()(x))
    network = networks.shaken(keras.Model(inputs, x))
    network.set_weights([w / 100 for w in network.get_weights()])
    return network


ENDINGS = {
    "one sigmoid": lambda: ending(1, "sigmoid"),
    "multi-label": lambda: ending(3, "sigmoid"),
    "logits": lambda: ending(3, None),
}


@pytest.mark.parametrize("kind", ENDINGS)
def test_every_measure_on_every_kind_of_ending(kind):
    model = networks.model(ENDINGS[kind]())
    images = networks.images(model.keras_model, 3)
    explained = explain(model, images, "hires_cam")
    found = faithfulness(model, images, explained, steps=10, randoms=2)
    np.testing.assert_allclose(found.votes, model.predict(images).max(axis=1), rtol=1e-4)
    for name in MEASURES:
        assert np.isfinite(found.measure(name)).all()
    data = Dataset("noise", "test", images, np.zeros(3, int), ("one",))
    table = compare_methods(model, data, ["hires_cam"], randoms=2)
    for k, name in enumerate(table.measures):
        np.testing.assert_allclose(table.values[0, k], found.measure(name), atol=1e-3)
    before = model.keras_model.get_weights()
    forgotten = randomisation_check(model, images[0], "hires_cam", repeats=1)
    assert forgotten.stages == ("answer", "conv")
    for old, new in zip(before, model.keras_model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("build", [networks.flat, networks.nested, networks.sequential])
def test_all_kinds_of_networks(build):
    model = networks.model(build())
    images = networks.images(model.keras_model, 2)
    explained = explain(model, images)
    found = faithfulness(model, images, explained, steps=10, randoms=2)
    np.testing.assert_allclose(found.votes, explained.shares, rtol=1e-4)
    np.testing.assert_allclose(found.insertion[:, -1], found.votes, rtol=1e-4)
    np.testing.assert_allclose(found.random_insertion[:, :, -1].T, [found.votes] * 2, rtol=1e-4)
    for curves in (found.deletion, found.road_least, found.road_random):
        assert np.isfinite(curves).all() and (curves >= 0).all() and (curves <= 1).all()


def test_several_images_give_what_each_gives_alone_and_seeds_repeat():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 2)
    explained = explain(model, images, target=[1, 3], against=[0, 0])
    found = faithfulness(model, images, explained, steps=10, randoms=3)
    again = faithfulness(model, images, explained, steps=10, randoms=3)
    other = faithfulness(model, images, explained, steps=10, randoms=3, seed=1)
    np.testing.assert_array_equal(found.random_deletion, again.random_deletion)
    np.testing.assert_array_equal(found.road_most, again.road_most)
    assert (found.random_deletion != other.random_deletion).any()
    alone = faithfulness(
        model, images[:1], explain(model, images[:1], target=1, against=0), steps=10, randoms=3
    )
    np.testing.assert_allclose(alone.deletion[0], found.deletion[0], atol=1e-4)
    np.testing.assert_allclose(alone.random_insertion[0], found.random_insertion[0], atol=1e-4)


def test_work_is_reported_and_can_be_stopped():
    told_so_far = []
    faithfulness(
        one_pixel(),
        spot(),
        pointing(),
        steps=10,
        randoms=1,
        report=lambda f, t: told_so_far.append(f),
    )
    assert told_so_far == sorted(told_so_far) and told_so_far[-1] == 1

    def stop():
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        faithfulness(one_pixel(), spot(), pointing(), check_cancelled=stop)


def test_bad_questions_are_sentences():
    with pytest.raises(BadInput, match="2 images but heatmaps of 1"):
        faithfulness(one_pixel(), np.repeat(spot(), 2, axis=0), pointing())
    with pytest.raises(BadInput, match="“steps”"):
        faithfulness(one_pixel(), spot(), pointing(), steps=5)
