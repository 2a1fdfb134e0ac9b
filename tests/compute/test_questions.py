"""The real questions: that they can be asked, through a real worker and inline."""

import importlib
import inspect

import numpy as np
import pytest

from cnnviz.compute import defaults
from cnnviz.compute.inline import InlineEngine
from cnnviz.compute.local import LocalEngine
from cnnviz.compute.questions.answers import telling_channels
from cnnviz.compute.questions.maps import quantise, shrink
from cnnviz.compute.registry import QUESTIONS
from cnnviz.errors import BadInput, CnnvizError, NotFound, NotPossible
from cnnviz.models.references import ModelReference

MODEL = "shipped:mnist_lenet5"
SAMPLE = {"model": MODEL, "image": "data:mnist/test/0"}


@pytest.fixture(scope="module")
def inline():
    return InlineEngine()


def test_predict_through_a_worker():
    engine = LocalEngine(workers=1)
    try:
        answer = engine.ask("predict", **SAMPLE).result(timeout=120)
        assert answer["classes"][0]["name"] == "7"
        assert 0.9 < answer["classes"][0]["share"] <= 1
        assert len(answer["classes"]) == 5 and answer["total"] == 10
        with pytest.raises(NotFound):
            engine.answer("predict", model=MODEL, image="photo:nobody")
    finally:
        engine.close()


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_registry_agrees_with_the_functions(name):
    kind = QUESTIONS[name]
    module, _, function = kind.function.partition(":")
    found = inspect.signature(getattr(importlib.import_module(module), function))
    assert list(found.parameters) == ["context", *kind.required, *kind.defaults]


def test_feature_maps_are_the_layers_own_output(inline):
    model = inline._models.get(MODEL)
    answer = inline.answer("feature_maps", **SAMPLE, layer="conv_2")
    image = np.asarray(model.prepare([_image()]), np.float32)
    import keras

    wanted = keras.Model(model.keras_model.inputs, model.keras_model.get_layer("conv_2").output)
    wanted = wanted(image).numpy()[0]
    assert answer["signed"] and answer["shape"] == list(wanted.shape)
    scale = answer["scale"][:, None, None]
    back = (answer["tiles"].astype(float) - 128) / 127 * scale
    assert (np.abs(back - wanted.transpose(2, 0, 1)) <= scale / 253).all()
    one = inline.answer("channel_map", **SAMPLE, layer="conv_2", channel=3)
    np.testing.assert_allclose(one["values"], wanted[:, :, 3], rtol=1e-5, atol=1e-5)
    assert one["max"] == pytest.approx(float(wanted[:, :, 3].max()), abs=1e-5)
    some = inline.answer("feature_maps", **SAMPLE, layer="conv_2", offset=2, limit=3)
    assert some["channels"] == [2, 3, 4]
    np.testing.assert_array_equal(some["tiles"], answer["tiles"][2:5])


def test_home_has_three_depths_and_an_answer(inline):
    answer = inline.answer("home", **SAMPLE)
    assert [len(c["channels"]) for c in answer["columns"]] == [4, 4, 4]
    areas = [c["shape"][0] * c["shape"][1] for c in answer["columns"]]
    assert areas == sorted(areas, reverse=True)
    assert answer["classes"] == inline.answer("predict", **SAMPLE)["classes"]
    heat = inline.answer("heatmaps", **SAMPLE, top=1)
    np.testing.assert_allclose(answer["heatmap"], heat["maps"][0], rtol=1e-5, atol=1e-6)


def test_heatmaps_of_chosen_classes(inline):
    answer = inline.answer("heatmaps", **SAMPLE, targets=[3, 7])
    assert answer["targets"] == [3, 7] and answer["names"] == ["3", "7"]
    alone = inline.answer("heatmaps", **SAMPLE, targets=[7])
    np.testing.assert_allclose(answer["maps"][1], alone["maps"][0], rtol=1e-4, atol=1e-6)


def test_kernels_are_the_first_layers_weights(inline):
    answer = inline.answer("kernels", model=MODEL)
    weights = inline._models.get(MODEL).keras_model.get_layer(answer["layer"]).kernel.numpy()
    np.testing.assert_array_equal(answer["kernels"][2, :, :, 0], weights[:, :, 0, 2])


def test_filters_form_step_by_step(inline):
    answer = inline.answer("filters", model=MODEL, layer="relu_2", channels=[1, 4], steps=8)
    assert answer["pictures"].shape == (2, 28, 28, 1) and answer["pictures"].dtype == np.uint8


def test_evaluation_keeps_places_in_the_split(inline):
    from cnnviz.datasets.bundled import split_arrays

    answer = inline.answer("evaluate", model=MODEL, dataset="mnist", limit=50)
    _, labels = split_arrays("mnist", "test")
    np.testing.assert_array_equal(labels[answer["indices"]], answer["labels"])
    assert (answer["top_classes"][:, 0] == answer["labels"]).mean() > 0.9


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("predict", {**SAMPLE, "top": 0}),
        ("predict", {**SAMPLE, "top": True}),
        ("predict", {**SAMPLE, "top": "5"}),
        ("predict", {**SAMPLE, "model": "/etc/passwd"}),
        ("predict", {**SAMPLE, "model": ["x"]}),
        ("predict", {**SAMPLE, "image": 5}),
        ("predict", {**SAMPLE, "image": "photo:../../x"}),
        ("feature_maps", {**SAMPLE, "layer": "no such layer"}),
        ("feature_maps", {**SAMPLE, "layer": 3}),
        ("feature_maps", {**SAMPLE, "layer": "conv_1", "limit": 10_000}),
        ("channel_map", {**SAMPLE, "layer": "conv_1", "channel": 99}),
        ("heatmaps", {**SAMPLE, "targets": [10]}),
        ("heatmaps", {**SAMPLE, "targets": "0"}),
        ("heatmaps", {**SAMPLE, "method": "tea leaves"}),
        ("heatmaps", {**SAMPLE, "layer": "dense_1"}),
        ("filters", {"model": MODEL, "layer": "conv_1", "channels": list(range(300))}),
        ("filters", {"model": MODEL, "layer": "conv_1", "steps": 10**9}),
        ("evaluate", {"model": MODEL, "dataset": "/etc"}),
        ("evaluate", {"model": MODEL, "dataset": "mnist", "split": "../x"}),
        ("embedding", {"model": MODEL, "dataset": "mnist", "limit": 10**7}),
        ("export", {"model": MODEL, "format": "pickle"}),
        ("inspect_upload", {"upload": "../../../etc/passwd"}),
    ],
)
def test_what_links_may_hold_gets_a_sentence(inline, name, parameters):
    with pytest.raises(CnnvizError) as caught:
        inline.answer(name, **parameters)
    assert isinstance(caught.value, BadInput | NotFound | NotPossible), repr(caught.value)


def test_the_first_questions_of_the_pages_can_be_asked():
    questions = defaults.first_questions(MODEL)
    assert {"home", "predict", "feature_maps", "heatmaps", "filters", "evaluate"} <= {
        name for name, _ in questions
    }
    for name, parameters in questions:
        QUESTIONS[name].complete(parameters)
    card = ModelReference.parse(MODEL).card
    assert defaults.image(MODEL, card) == SAMPLE["image"]


def test_quantising_states_its_scale():
    values = np.zeros((2, 2, 3), np.float32)
    values[..., 0] = [[0, 1], [2, 4]]
    values[..., 1] = [[-2, 0], [1, 2]]
    tiles, scale, signed = quantise(values)
    assert signed
    np.testing.assert_array_equal(scale, [4, 2, 0])
    np.testing.assert_array_equal(tiles[1], [[1, 128], [192, 255]])
    np.testing.assert_array_equal(tiles[2], 128)
    tiles, _, signed = quantise(values[..., [0]])
    assert not signed
    np.testing.assert_array_equal(tiles[0], [[0, 64], [128, 255]])


def test_shrinking_averages():
    values = np.arange(32, dtype=np.float32).reshape(4, 4, 2)
    np.testing.assert_allclose(
        shrink(values, 2), values.reshape(2, 2, 2, 2, 2).mean(axis=(1, 3)), rtol=1e-6
    )
    assert shrink(values, 4) is values


def test_telling_channels_differ_and_show_something():
    y, x = np.mgrid[:12, :12].astype(np.float32)
    left = np.exp(-((x - 2) ** 2 + (y - 3) ** 2) / 8)
    right = np.exp(-((x - 9) ** 2 + (y - 8) ** 2) / 8)
    noise = np.random.default_rng(0).random((12, 12)).astype(np.float32)
    full = np.ones_like(left)
    values = np.stack([0 * left, 5 * left, 4 * left, right, noise, full, -left], axis=-1)
    first, second = telling_channels(values, 2)
    assert {first, second} in ({1, 3}, {2, 3}), "1 and 2 look alike; the others show nothing"
    assert set(telling_channels(values, 4)) >= {3, 4}, "noise before what is flat"
    assert sorted(telling_channels(values, 9)) == list(range(7))


def _image():
    from cnnviz.datasets.image_references import open_image

    return open_image(SAMPLE["image"]).image
