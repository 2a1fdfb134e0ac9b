import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput, Cancelled, NotPossible
from cnnviz.explanation.comparing import compare_methods, quick_methods
from cnnviz.explanation.explain import explain
from cnnviz.explanation.faithfulness import faithfulness
from cnnviz.explanation.measures import MEASURES
from tests.inference import networks


def dataset(network, count=6, classes=3):
    images = networks.images(network, count)
    labels = np.arange(count) % classes
    return Dataset("noise", "test", images, labels, tuple(f"class {i}" for i in range(classes)))


@pytest.mark.parametrize("build", [networks.flat, networks.nested, networks.sequential])
def test_a_table_over_all_kinds_of_networks(build):
    network = build()
    model = networks.model(network)
    found = compare_methods(model, dataset(network), ["grad_cam", "gradient"], randoms=2)
    assert found.methods == ("grad_cam", "gradient")
    assert found.values.shape == (len(found.rows), len(MEASURES), 6)
    assert np.isfinite(found.values).all()
    height, width = network.inputs[0].shape[1:3]
    assert found.rows[found.yardsticks[1]] == f"random:{height}x{width}"
    assert found.rows[found.yardsticks[0]] != found.rows[found.yardsticks[1]]
    assert found.layer == model.card.heatmap_layer
    assert found.images == 6


def test_each_cell_is_what_one_image_gives_alone():
    network = networks.flat()
    model, data = networks.model(network), dataset(network, 3)
    found = compare_methods(model, data, ["hires_cam"], steps=10, randoms=1)
    for i in range(3):
        image = data.images[i : i + 1]
        alone = faithfulness(model, image, explain(model, image, "hires_cam"), steps=10, randoms=1)
        for k, name in enumerate(found.measures):
            assert found.values[0, k, i] == pytest.approx(alone.measure(name)[0], abs=1e-4), name


def test_it_repeats_and_chooses_evenly():
    network = networks.flat()
    model, data = networks.model(network), dataset(network, 9)
    first, again = (
        compare_methods(model, data, ["grad_cam"], limit=3, measures=["deletion"], randoms=1)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.values, again.values)
    np.testing.assert_array_equal(first.indices, again.indices)
    assert sorted(data.labels[first.indices]) == [0, 1, 2]
    assert first.measures == ("deletion",)


def test_images_in_which_nothing_spoke_are_counted():
    """Every channel lowers every score: Grad-CAM is empty, HiResCAM below zero."""
    inputs = layers.Input((6, 6, 1))
    x = layers.Conv2D(2, 1, activation="relu", name="conv")(inputs)
    network = keras.Model(inputs, layers.Dense(2, name="answer")(layers.Flatten()(x)))
    network.set_weights(
        [np.ones((1, 1, 1, 2)), np.zeros(2), -np.ones((72, 2)), np.array([1.0, 0.0])]
    )
    model = networks.model(network)
    found = compare_methods(model, dataset(network, 4, 2), ["grad_cam", "gradient"], randoms=1)
    assert found.empty[:2] == (4, 0)
    drop = found.values[0, found.measures.index("average_drop")]
    assert np.isfinite(drop).all()


def test_the_quick_methods_that_a_network_allows_are_the_default():
    network = networks.sequential()
    found = compare_methods(networks.model(network), dataset(network, 2), measures=["deletion"])
    assert set(found.methods) == set(quick_methods())
    inputs = layers.Input((4, 4, 1))
    flat = keras.Model(inputs, layers.Dense(3)(layers.Flatten()(inputs)))
    model = networks.model(flat)
    found = compare_methods(model, dataset(flat, 2), measures=["deletion"])
    assert "gradient" in found.methods and "grad_cam" not in found.methods
    assert found.layer is None
    with pytest.raises(NotPossible):
        compare_methods(model, dataset(flat, 2), ["grad_cam"])


def test_work_is_reported_and_can_be_stopped():
    network = networks.sequential()
    model, parts = networks.model(network), []
    compare_methods(
        model,
        dataset(network, 3),
        ["grad_cam"],
        measures=["deletion"],
        report=lambda fraction, text: parts.append(fraction),
    )
    assert parts == pytest.approx([1 / 3, 2 / 3, 1])

    def stop():
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        compare_methods(model, dataset(network, 3), ["grad_cam"], check_cancelled=stop)


def test_bad_questions_are_sentences():
    network = networks.sequential()
    model, data = networks.model(network), dataset(network, 2)
    with pytest.raises(BadInput, match="no method called"):
        compare_methods(model, data, ["tea leaves"])
    with pytest.raises(BadInput, match="measures are some of"):
        compare_methods(model, data, ["grad_cam"], measures=["beauty"])
    with pytest.raises(BadInput, match="no images"):
        compare_methods(model, data.subset(np.zeros(0, int)), ["grad_cam"])
