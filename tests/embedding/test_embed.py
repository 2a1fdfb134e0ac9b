import numpy as np
import pytest

from cnnviz.datasets.dataset import Dataset
from cnnviz.embedding.embed import embed
from cnnviz.errors import BadInput, NotFound
from cnnviz.inference.feature_maps import feature_maps
from tests.inference import networks


@pytest.fixture(scope="module")
def model():
    return networks.model(networks.flat())


@pytest.fixture(scope="module")
def data():
    """Dark and bright noise: two clusters for any network."""
    images = networks.images(networks.flat(), 60)
    labels = np.arange(60) % 2
    images[labels == 0] //= 8
    return Dataset("noise", "test", images, labels.astype(np.int64), ("dark", "bright"))


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_map_separates_what_the_network_separates(model, data, method):
    fractions = []
    found = embed(model, data, method=method, report=lambda f, _: fractions.append(f))
    assert found.layer == model.card.feature_layer == "flatten"
    assert found.points.shape == (60, 2)
    assert found.knn_accuracy > 0.95
    np.testing.assert_allclose(
        found.features, feature_maps(model, data.images, "flatten")["flatten"], rtol=1e-5
    )
    np.testing.assert_array_equal(found.predicted, model.predict(data.images).argmax(axis=1))
    assert fractions == sorted(fractions)
    placed = found.place(data.images[:10])
    mean = [found.points[data.labels == i].mean(axis=0) for i in (0, 1)]
    nearest = np.linalg.norm(placed[:, None] - np.array(mean)[None], axis=-1).argmin(axis=1)
    np.testing.assert_array_equal(nearest, data.labels[:10])


def test_maps_of_a_layer_are_averaged_over_their_positions(model, data):
    found = embed(model, data, layer="conv_2", method="pca")
    expected = feature_maps(model, data.images, "conv_2")["conv_2"].mean((1, 2))
    np.testing.assert_allclose(found.features, expected, rtol=1e-4, atol=1e-5)


def test_bad_questions_are_sentences(model, data):
    with pytest.raises(BadInput, match="no method"):
        embed(model, data, method="umap")
    with pytest.raises(NotFound, match="“conv_9”"):
        embed(model, data, layer="conv_9")
