"""The shipped models are what their cards say."""

import importlib.util
import io
import pickle
from pathlib import Path

import numpy as np
import pytest

from cnnviz.models.model import load_model
from cnnviz.models.references import ModelReference, shipped_names
from cnnviz.models.shipped import SHIPPED
from cnnviz.models.structure import describe_layers

ROOT = Path(__file__).parents[2]
NAMES = shipped_names()


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=NAMES)
def model(request):
    return load_model(request.param)


def test_every_shipped_model_is_described_in_words():
    assert set(NAMES) <= set(SHIPPED)


def test_the_card_fits_the_network(model):
    name = model.reference.removeprefix("shipped:")
    card, words = model.card, SHIPPED[name]
    assert (card.title, card.story, card.licence) == (words.title, words.story, words.licence)
    assert card.input_shape == tuple(model.keras_model.inputs[0].shape[1:])
    assert card.parameters == model.keras_model.count_params()
    assert card.layers == describe_layers(model.keras_model)
    assert len(set(card.class_names)) == len(card.class_names) == model.ending.classes
    for default in (card.heatmap_layer, card.feature_layer, card.filter_layer):
        assert card.layer(default)


def test_every_moment_of_the_training_can_be_loaded(model):
    folder = ModelReference.parse(model.reference).folder / "checkpoints"
    labels = sorted(f.stem for f in folder.glob("*.npz")) if folder.is_dir() else []
    image = np.zeros((1, *model.card.input_shape), np.uint8)
    for label in labels[:: max(1, len(labels) // 3)]:
        earlier = load_model(f"{model.reference}@{label}").predict(image)
        np.testing.assert_allclose(earlier.sum(), 1, atol=1e-5)


@pytest.fixture(scope="module")
def efficientnet():
    return load_model("imagenet_efficientnet_lite0")


def test_efficientnet_agrees_with_the_original(efficientnet, fixtures):
    """tools/convert_efficientnet.py says how the expected logits were made (with PyTorch)."""
    with np.load(fixtures / "efficientnet_lite0.npz") as expected:
        images, logits = expected["images"], expected["logits"]
    scores = efficientnet.scores(images)
    assert np.abs(scores - logits).max() <= 1e-5 * np.abs(logits).max()


def test_efficientnet_names_what_it_sees(efficientnet, fixtures):
    with np.load(fixtures / "efficientnet_lite0.npz") as expected:
        shares = efficientnet.predict(expected["images"])
    names = [efficientnet.card.class_names[i] for i in shares.argmax(axis=1)]
    assert names == ["Egyptian cat", "espresso", "missile"]
    top = [efficientnet.card.class_names[i] for i in shares[0].argsort()[::-1][:3]]
    assert set(top) == {"Egyptian cat", "tiger cat", "tabby"}


def test_the_digits_are_read():
    from cnnviz.datasets.loading import load_dataset

    dataset = load_dataset("mnist", split="test", limit=1000)
    model = load_model("mnist_lenet5")
    assert model.card.class_names == dataset.class_names
    assert (model.predict(dataset.images).argmax(axis=1) == dataset.labels).mean() >= 0.98


class Harmful:
    def __reduce__(self):
        return print, ("harm",)


def test_the_reader_of_pytorch_weights_makes_arrays_and_nothing_else():
    convert = tool("convert_efficientnet")
    with pytest.raises(pickle.UnpicklingError, match="no place in weights"):
        convert._Reader(io.BytesIO(pickle.dumps(Harmful()))).load()
