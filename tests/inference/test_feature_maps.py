import keras
import numpy as np
import pytest

from cnnviz.errors import BadInput, NotFound
from cnnviz.inference.feature_maps import feature_maps
from cnnviz.inference.layers import layer_names
from tests.inference import networks


def test_feature_maps_are_the_layers_own_outputs():
    network = networks.flat()
    images = networks.images(network, 7)
    maps = feature_maps(networks.model(network), images)
    assert tuple(maps) == layer_names(network)
    for name in ("conv_1", "relu_1", "conv_2", "logits"):
        sub_model = keras.Model(network.inputs[0], network.get_layer(name).output)
        np.testing.assert_allclose(maps[name], sub_model(images * 1.0), rtol=1e-4, atol=1e-5)
        assert maps[name].dtype == np.float32


def test_many_images_give_what_each_gives_alone(monkeypatch):
    monkeypatch.setattr("cnnviz.models.batching._INPUT_VALUES", 2 * 12 * 12 * 3)  # four at once
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 9)
    names = ["conv_2", "relu_1"]
    maps = feature_maps(model, images, names)
    assert tuple(maps) == ("conv_2", "relu_1")
    for i in (0, 3, 4, 8):
        alone = feature_maps(model, images[i : i + 1], names)
        for name in names:
            np.testing.assert_allclose(maps[name][i], alone[name][0], rtol=1e-5, atol=1e-5)
    maps["relu_1"] += 1  # what is returned belongs to the caller
    assert feature_maps(model, images[:1], names)["relu_1"].min() == 0


def test_feature_maps_of_a_nested_layer():
    images = networks.images(networks.flat())
    inner = feature_maps(networks.model(networks.nested()), images, "middle/inner/conv_2")
    flat = feature_maps(networks.model(networks.flat()), images, ["conv_2"])
    np.testing.assert_allclose(inner["middle/inner/conv_2"], flat["conv_2"], rtol=1e-5)


def test_bad_questions_are_sentences():
    model = networks.model(networks.flat())
    with pytest.raises(NotFound, match="“nothing”"):
        feature_maps(model, networks.images(model.keras_model), ["nothing"])
    with pytest.raises(BadInput, match="no images"):
        feature_maps(model, [])
