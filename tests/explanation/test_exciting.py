import numpy as np
import pytest

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput
from cnnviz.explanation.exciting import most_exciting
from cnnviz.inference.feature_maps import feature_maps
from tests.inference import networks


def dataset(network, count):
    images = networks.images(network, count)
    return Dataset("noise", "train", images, np.zeros(count, np.int64), ("a",))


def test_the_strongest_responses_are_found_with_their_places():
    model = networks.model(networks.flat())
    data = dataset(model.keras_model, 300)  # more than one batch
    found = most_exciting(model, data, "conv_1", [4, 1], count=5)
    maps = feature_maps(model, data.images, "conv_1")["conv_1"]
    for row, channel in enumerate([4, 1]):
        peaks = maps[..., channel].reshape(300, -1).max(axis=1)
        np.testing.assert_allclose(found.values[row], np.sort(peaks)[::-1][:5], rtol=1e-5)
        for index, value, (y, x) in zip(
            found.indices[row], found.values[row], found.positions[row], strict=True
        ):
            assert maps[index, y, x, channel] == pytest.approx(value, rel=1e-5)


def test_units_of_a_dense_layer_have_no_place():
    model = networks.model(networks.flat())
    data = dataset(model.keras_model, 20)
    found = most_exciting(model, data, "logits", count=50)
    scores = model.scores(data.images)
    np.testing.assert_array_equal(found.indices, np.argsort(-scores, axis=0).T)
    assert not found.positions.any()


def test_bad_questions_are_sentences():
    model = networks.model(networks.flat())
    with pytest.raises(BadInput, match="no images"):
        most_exciting(model, dataset(model.keras_model, 0), "conv_1")
    with pytest.raises(BadInput, match="no channel 6"):
        most_exciting(model, dataset(model.keras_model, 2), "conv_1", [6])
    with pytest.raises(BadInput, match="at least 1"):
        most_exciting(model, dataset(model.keras_model, 2), "conv_1", count=0)
