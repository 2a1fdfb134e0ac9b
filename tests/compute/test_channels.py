"""Questions about channels, asked of the shipped digits network."""

import numpy as np
import pytest

from cnnviz.compute import codec
from cnnviz.compute.inline import InlineEngine
from cnnviz.datasets.bundled import split_arrays
from cnnviz.errors import CnnvizError
from cnnviz.inference.feature_maps import feature_maps

MODEL = "shipped:mnist_lenet5"
LAYER = {"model": MODEL, "layer": "relu_2"}
SET = {**LAYER, "dataset": "mnist", "limit": 60}


@pytest.fixture(scope="module")
def inline():
    return InlineEngine()


def test_statistics_keep_places_in_the_split(inline):
    answer = inline.answer("channel_statistics", **SET)
    assert answer["images"] == 60 and answer["class_names"] == list("0123456789")
    assert answer["class_counts"].tolist() == [6] * 10
    assert answer["class_means"].shape == (16, 10)
    pictures, _ = split_arrays("mnist", "train")
    model = inline._models.get(MODEL)
    for channel in (0, 7):
        place = answer["top_indices"][channel, 0]
        maps = feature_maps(model, pictures[[place]], "relu_2")["relu_2"][0]
        y, x = answer["top_positions"][channel, 0]
        assert maps[y, x, channel] == pytest.approx(answer["top_values"][channel, 0], rel=1e-4)
        assert maps[y, x, channel] == maps[..., channel].max()
    counts = answer["maxima"]["counts"].sum(axis=(1, 2))
    np.testing.assert_allclose(counts, np.round((1 - answer["dead_share"]) * 60))
    assert (answer["neighbours"] != np.arange(16)[:, None]).all()


def test_the_answer_about_a_layer_is_small(inline):
    """Thousands of images, and still something that a page can wait for and a folder can hold."""
    answer = inline.answer("channel_statistics", **SET)
    assert len(codec.encode(answer)) < 80_000


def test_contributions_have_a_column_for_every_class(inline):
    answer = inline.answer("channel_contributions", **{**SET, "limit": 20})
    assert answer["contributions"].shape == (16, 10)
    assert answer["classes"] == list(range(10)) and answer["images"] == 20


def test_a_kernel_comes_with_its_strongest_inputs_first(inline):
    answer = inline.answer("channel_kernel", **LAYER, channel=3)
    layer = inline._models.get(MODEL).keras_model.get_layer("conv_2")
    kernel = layer.kernel.numpy()[..., 3]
    norms = np.linalg.norm(kernel.reshape(-1, 6), axis=0)
    assert answer["inputs"] == np.argsort(-norms).tolist() and answer["total"] == 6
    assert (answer["layer"], answer["input_layer"]) == ("conv_2", "pool_1")
    np.testing.assert_array_equal(answer["slices"][0], kernel[..., answer["inputs"][0]])
    first = inline.answer("channel_kernel", model=MODEL, layer="conv_1", channel=0)
    assert first["input_layer"] is None and first["slices"].shape == (1, 5, 5)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("channel_statistics", {**SET, "layer": "no such layer"}),
        ("channel_statistics", {**SET, "dataset": "/etc"}),
        ("channel_statistics", {**SET, "limit": 0}),
        ("channel_contributions", {**SET, "limit": None}),
        ("channel_contributions", {**SET, "split": "../x"}),
        ("channel_kernel", {**LAYER, "channel": 16}),
        ("channel_kernel", {**LAYER, "channel": "0"}),
    ],
)
def test_what_links_may_hold_gets_a_sentence(inline, name, parameters):
    with pytest.raises(CnnvizError):
        inline.answer(name, **parameters)
