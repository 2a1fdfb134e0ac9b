"""The shipped models are what their cards say; one is tested as soon as its folder has a card."""

import importlib.util
import io
import json
import pickle
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from cnnviz import storage
from cnnviz.compute.answers import SHIPPED_FOLDER, AnswerCache, answer_key
from cnnviz.compute.defaults import first_questions
from cnnviz.compute.inline import InlineEngine
from cnnviz.compute.registry import QUESTIONS
from cnnviz.datasets.bundled import DATASETS, split_arrays
from cnnviz.datasets.derived import MARK_SIDE, marked
from cnnviz.explanation.explain import explain
from cnnviz.explanation.filters import visualize_filters
from cnnviz.inference.feature_maps import feature_maps
from cnnviz.models.cards import Card
from cnnviz.models.model import load_model
from cnnviz.models.references import ModelReference, shipped_names
from cnnviz.models.shipped import PURPOSES, SHIPPED
from cnnviz.models.structure import describe_layers

ROOT = Path(__file__).parents[2]
NAMES = shipped_names()
BUDGET = 70_000_000  # bytes that everybody who clones the project downloads
TOLERANCE = 0.001  # of a share of right answers
# What a model is shipped for; the numbers are shares of the complete test set.
AT_LEAST = {"cifar10_fast": 0.935, "cifar10_transfer": 0.89, "mnist_lenet5": 0.99}


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@lru_cache(maxsize=2)
def opened(name):
    return load_model(name)


@pytest.fixture(scope="module", params=NAMES)
def model(request):
    return opened(request.param)


def needs(name):
    return pytest.mark.skipif(name not in NAMES, reason=f"{name} is not trained yet")


@pytest.mark.parametrize("name", NAMES)
def test_the_first_answers_of_every_page_are_there_and_no_old_ones(name):
    """Else a page computes for a minute what it should show at once: tools/precompute.py."""
    wanted = {}
    for question, parameters in first_questions(f"shipped:{name}"):
        kind = QUESTIONS[question]
        key = answer_key(question, kind.version, kind.complete(parameters))
        wanted[f"{key}.bin"] = question
    there = {file.name for file in (storage.SHIPPED / name / SHIPPED_FOLDER).iterdir()}
    assert [wanted[file] for file in wanted.keys() - there] == []
    assert there - wanted.keys() == set()


def some_images(model, count=2):
    """Test images of its own data set, else noise."""
    if model.card.dataset:
        return split_arrays(model.card.dataset, "test")[0][:count]
    shape = (count, *model.card.input_shape)
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def test_every_shipped_model_is_described_in_words():
    assert set(NAMES) <= set(SHIPPED)
    for words in SHIPPED.values():
        assert words.purpose in PURPOSES
        assert words.dataset is None or words.dataset in DATASETS
        assert all((words.title, words.story, words.recipe, words.weaknesses, words.source))
    titles = [words.title for words in SHIPPED.values()]
    assert len(set(titles)) == len(titles)


def test_all_shipped_files_together_stay_small():
    sizes = [f.stat().st_size for f in storage.SHIPPED.rglob("*") if f.is_file()]
    assert sum(sizes) < BUDGET


def test_the_card_fits_the_network(model):
    name = model.reference.removeprefix("shipped:")
    card, words = model.card, SHIPPED[name]
    for said in ("title", "story", "recipe", "weaknesses", "source", "licence", "dataset"):
        assert getattr(card, said) == getattr(words, said), said
    assert (card.fit, card.polarity, card.answers) == (words.fit, words.polarity, "one")
    assert card.input_shape == tuple(model.keras_model.inputs[0].shape[1:])
    assert card.parameters == model.keras_model.count_params()
    assert card.layers == describe_layers(model.keras_model)
    assert card.flops == sum(layer.flops for layer in card.layers)
    assert len(set(card.class_names)) == len(card.class_names) == model.ending.classes
    if card.dataset:
        assert card.class_names == tuple(DATASETS[card.dataset].class_names)
    for default in (card.heatmap_layer, card.feature_layer, card.filter_layer):
        assert card.layer(default)


def test_the_card_names_every_number_that_was_to_be_measured(model):
    words = SHIPPED[model.reference.removeprefix("shipped:")]
    own = ((words.dataset, "test"),) if words.dataset else ()
    assert tuple((a.dataset, a.split) for a in model.card.accuracy) == own + words.also_measured
    for measured in model.card.accuracy:
        assert measured.images == len(split_arrays(measured.dataset, measured.split)[1])


def test_old_cards_without_a_recipe_can_be_read():
    data = json.loads((storage.SHIPPED / "mnist_lenet5" / "card.json").read_text())
    del data["recipe"]
    assert Card.from_json(json.dumps(data)).recipe == ""


def share_right(model, dataset, split, part):
    images, labels = split_arrays(dataset, split)
    return (model.predict(images[part]).argmax(axis=1) == labels[part]).mean()


def numbers(colour):
    """(model, place on the card) of the networks for colour or for grey images.

    A colour network takes up to 200 s for its 10,000 images, all the grey ones 20 s together.
    """
    found = []
    for name in NAMES:
        card = ModelReference.parse(name).card
        if (card.input_shape[2] == 3) == colour:
            found += [(name, i) for i in range(len(card.accuracy))]
    return found


@pytest.mark.parametrize(("name", "place"), numbers(colour=False))
def test_the_accuracy_on_the_card_is_measured_again(name, place):
    said = opened(name).card.accuracy[place]
    found = share_right(opened(name), said.dataset, said.split, slice(None))
    assert abs(found - said.value) <= TOLERANCE


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("name", "place"), numbers(colour=True))
def test_the_accuracy_of_a_colour_network_is_measured_again(name, place):
    test_the_accuracy_on_the_card_is_measured_again(name, place)


@pytest.mark.parametrize(("name", "place"), numbers(colour=True))
def test_a_part_of_the_test_set_agrees_with_the_card_of_a_colour_network(name, place):
    """1,000 images; at most four standard errors beside the number of all."""
    said = opened(name).card.accuracy[place]
    found = share_right(opened(name), said.dataset, said.split, slice(0, 1000))
    assert abs(found - said.value) <= 4 * np.sqrt(said.value * (1 - said.value) / 1000)


@pytest.mark.parametrize("name", sorted(set(AT_LEAST) & set(NAMES)))
def test_what_should_be_strong_is_strong(name):
    first = ModelReference.parse(name).card.accuracy[0]
    assert (first.split, first.images) == ("test", 10_000)
    assert first.value >= AT_LEAST[name]


def test_heatmaps_maps_and_filters_can_be_looked_at(model):
    card, images = model.card, some_images(model)
    found = explain(model, images)
    assert found.heatmaps.shape == (2, *card.input_shape[:2])
    assert np.isfinite(found.heatmaps).all() and found.layer == card.heatmap_layer
    places = card.layer(card.heatmap_layer).output_shape[:2]
    assert found.raw.shape == (2, *places)
    maps = feature_maps(model, images, [card.filter_layer, card.feature_layer])
    assert maps[card.filter_layer].shape == (2, *card.layer(card.filter_layer).output_shape)
    assert all(np.isfinite(values).all() for values in maps.values())
    assert maps[card.filter_layer].std() > 0
    pictures = visualize_filters(model, card.filter_layer, [0, 1], steps=4)
    assert pictures.shape[0] == 2 and pictures.dtype == np.uint8
    assert pictures.shape[3] == card.input_shape[2]
    assert pictures[0].std() > 0


def test_every_moment_of_the_training_can_be_loaded(model):
    folder = ModelReference.parse(model.reference).folder / "checkpoints"
    labels = sorted(f.stem for f in folder.glob("*.npz")) if folder.is_dir() else []
    image = np.zeros((1, *model.card.input_shape), np.uint8)
    for label in labels[:: max(1, len(labels) // 3)]:
        earlier = load_model(f"{model.reference}@{label}").predict(image)
        np.testing.assert_allclose(earlier.sum(), 1, atol=1e-5)


def test_the_history_tells_of_every_epoch(model):
    file = ModelReference.parse(model.reference).folder / "history.json"
    if not file.is_file():
        assert not (file.parent / "checkpoints").is_dir()
        return
    history = json.loads(file.read_text())
    assert len(history["steps"]) >= 20
    for number, row in enumerate(history["epochs"], start=1):
        assert row["epoch"] == number and row["seconds"] > 0
        assert {"step", "loss", "accuracy", "val_loss", "val_accuracy"} <= set(row)


@needs("cifar10_transfer")
def test_transfer_is_a_frozen_network_inside_a_network():
    model = opened("cifar10_transfer")
    base = model.keras_model.get_layer("base")
    assert not base.trainable_weights
    learned = {weight.path.split("/")[0] for weight in model.keras_model.trainable_weights}
    assert learned == {"hidden", "logits"}
    assert model.card.heatmap_layer.startswith("base/")


@needs("cifar10_animals")
def test_one_sigmoid_unit_tells_two_classes_apart():
    model = opened("cifar10_animals")
    assert model.keras_model.output_shape == (None, 1)
    assert model.predict(some_images(model)).shape == (2, 2)


@needs("fashion_squeeze")
def test_channels_are_weighed():
    network = opened("fashion_squeeze").keras_model
    assert [x.name for x in network.layers if x.name.endswith("_scale")] == [
        f"squeeze_{i}_scale" for i in (1, 2, 3)
    ]


@needs("mnist_overfit")
def test_who_learned_by_heart_knows_what_it_saw_and_less_of_the_rest():
    test, train = opened("mnist_overfit").card.accuracy
    assert train.split == "train" and train.value == 1
    assert test.value <= 0.95
    assert test.value <= ModelReference.parse("mnist_lenet5").card.accuracy[0].value - 0.04


@needs("cifar10_noisy")
def test_the_wrongly_taught_network_is_better_than_its_labels():
    noisy, clean = opened("cifar10_noisy").card.accuracy
    assert clean.value > noisy.value + 0.03


@needs("cifar10_noisy")
def test_wrong_labels_are_found_among_its_mistakes(tmp_path):
    reference = "shipped:cifar10_noisy"
    asked = dict(first_questions(reference))["causes"]
    answer = InlineEngine(cache=AnswerCache(tmp_path)).answer("causes", **asked)
    (flagged,) = (c["positions"] for c in answer["causes"] if c["key"] == "label_error")
    planted = split_arrays("cifar10_noisy", "test")[1] != split_arrays("cifar10", "test")[1]
    assert planted.mean() == pytest.approx(0.1, abs=0.005)
    assert planted[flagged].mean() >= 0.75  # measured: 0.82
    assert planted[flagged].sum() >= 0.6 * planted.sum()  # measured: 0.67


@needs("fashion_shortcut")
def test_the_shortcut_is_taken():
    model = opened("fashion_shortcut")
    with_mark, without = model.card.accuracy
    assert with_mark.value >= 0.98
    assert without.value <= with_mark.value - 0.4  # it collapses
    images, labels = split_arrays("fashion_mnist", "test")
    others = (labels[:500] + 1) % 10
    led_astray = model.predict(marked(images[:500], others)).argmax(axis=1) == others
    assert led_astray.mean() >= 0.6  # a wrong mark is mostly believed


@needs("fashion_shortcut")
def test_the_heat_of_the_shortcut_lies_on_the_mark():
    """At least 80 % of the hottest tenth's heat lies on the mark.

    To the mark belongs a margin of one cell of the map (the stride of its layer, in pixels of the
    image): a map cannot say more exactly where it means.
    """
    model = opened("fashion_shortcut")
    images, labels = split_arrays("fashion_mnist_marked", "test")
    found = explain(model, images[:200], target=list(labels[:200]))
    side = MARK_SIDE + model.card.layer(found.layer).receptive_field.stride[0]
    shares = []
    for heat in np.maximum(found.heatmaps, 0):
        hottest = np.where(heat >= np.quantile(heat, 0.9), heat, 0)
        if hottest.sum() > 0:
            shares.append(hottest[:side, :side].sum() / hottest.sum())
    assert len(shares) >= 190
    assert np.mean(shares) >= 0.8


@pytest.fixture(scope="module")
def efficientnet():
    return opened("imagenet_efficientnet_lite0")


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


class Harmful:
    def __reduce__(self):
        return print, ("harm",)


def test_the_reader_of_pytorch_weights_makes_arrays_and_nothing_else():
    convert = tool("convert_efficientnet")
    with pytest.raises(pickle.UnpicklingError, match="no place in weights"):
        convert._Reader(io.BytesIO(pickle.dumps(Harmful()))).load()
