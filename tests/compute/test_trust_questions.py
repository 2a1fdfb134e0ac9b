"""The questions of trust, asked inline of a shipped model."""

import numpy as np
import pytest

from cnnviz.compute.inline import InlineEngine
from cnnviz.errors import BadInput, CnnvizError, NotFound, NotPossible
from cnnviz.explanation.trust_results import Comparison, Faithfulness, Randomisation

MODEL = "shipped:mnist_lenet5"
SAMPLE = {"model": MODEL, "image": "data:mnist/test/0"}


@pytest.fixture(scope="module")
def reports():
    return []


@pytest.fixture(scope="module")
def inline(reports):
    return InlineEngine(on_report=lambda *report: reports.append(report))


def test_curves_come_with_what_the_page_draws(inline):
    answer = inline.answer("trust_curves", **SAMPLE)
    found = Faithfulness.from_message(answer)
    assert found.targets[0] == 7 and found.against[0] == -1
    assert answer["layer"] == inline._models.get(MODEL).card.heatmap_layer
    assert found.random_deletion.shape == (1, 19, 21)
    assert found.votes[0] == pytest.approx(
        inline.answer("predict", **SAMPLE)["classes"][0]["share"], abs=1e-5
    )
    for name in ("seen", "mean", "blurred"):
        assert answer[name].shape == (28, 28, 1) and answer[name].dtype == np.uint8
    assert np.ptp(answer["mean"]) == 0
    assert answer["made_up"].shape == (len(found.road_shares), 28, 28, 1)
    np.testing.assert_array_equal(answer["made_up"][0], answer["seen"])


def test_curves_of_one_class_against_another(inline):
    answer = inline.answer("trust_curves", **SAMPLE, target=3, against=7)
    found = Faithfulness.from_message(answer)
    assert (found.targets[0], found.against[0]) == (3, 7)
    assert found.votes[0] < 0.5, "it is a seven"


def test_methods_without_a_layer_and_long_ones_can_be_tested(inline):
    answer = inline.answer("trust_curves", **SAMPLE, method="gradient", layer="conv_1")
    assert answer["layer"] is None
    forgotten = inline.answer("trust_forgetting", **SAMPLE, method="integrated_gradients", stages=2)
    assert len(forgotten["correlations"]) == 3, "small images leave time for several rounds"


def test_a_network_forgets_in_frames(inline, reports):
    reports.clear()
    found = Randomisation.from_message(inline.answer("trust_forgetting", **SAMPLE, repeats=2))
    assert found.stages[0] == "logits" and found.stages[-1] == "conv_1"
    assert found.correlations.shape == (2, 5)
    assert found.maps.shape[0] == 6
    assert found.verdict in ("changes", "partly")
    frames = [frame for _, _, frame in reports if frame is not None]
    assert frames and set(frames[0]) == {"stages", "maps", "correlations"}
    again = inline.answer("heatmaps", **SAMPLE, top=1)
    np.testing.assert_allclose(again["maps"][0], found.maps[0], rtol=1e-4, atol=1e-6)


def test_guided_backprop_keeps_more_of_its_picture_than_grad_cam(inline):
    kept = {
        method: Randomisation.from_message(
            inline.answer("trust_forgetting", **SAMPLE, method=method)
        ).course[-1]
        for method in ("grad_cam", "guided_backprop")
    }
    assert kept["guided_backprop"] > kept["grad_cam"] + 0.2


def test_a_table_of_methods(inline):
    answer = inline.answer(
        "trust_table", model=MODEL, dataset="mnist", limit=5, methods=["grad_cam", "gradient"]
    )
    found = Comparison.from_message(answer)
    assert found.methods == ("grad_cam", "gradient")
    assert found.images == len(found.indices) == 5
    assert (found.dataset, found.split) == ("mnist", "test")
    k = found.measures.index("insertion")
    assert found.means[0, k] > found.means[found.yardsticks[0], k], "better than random fields"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("trust_curves", {**SAMPLE, "method": "tea leaves"}),
        ("trust_curves", {**SAMPLE, "method": 3}),
        ("trust_curves", {**SAMPLE, "target": 10}),
        ("trust_curves", {**SAMPLE, "target": True}),
        ("trust_curves", {**SAMPLE, "against": -1}),
        ("trust_curves", {**SAMPLE, "layer": "no such layer"}),
        ("trust_curves", {**SAMPLE, "layer": "dense_1"}),
        ("trust_curves", {**SAMPLE, "image": "photo:../../x"}),
        ("trust_forgetting", {**SAMPLE, "stages": 10**6}),
        ("trust_forgetting", {**SAMPLE, "repeats": 0}),
        ("trust_forgetting", {**SAMPLE, "seed": -1}),
        ("trust_table", {"model": MODEL, "dataset": "/etc"}),
        ("trust_table", {"model": MODEL, "dataset": "mnist", "limit": 10**6}),
        ("trust_table", {"model": MODEL, "dataset": "mnist", "methods": []}),
        ("trust_table", {"model": MODEL, "dataset": "mnist", "methods": [["x"]]}),
        ("trust_table", {"model": MODEL, "dataset": "mnist", "split": "../x"}),
    ],
)
def test_what_links_may_hold_gets_a_sentence(inline, name, parameters):
    with pytest.raises(CnnvizError) as caught:
        inline.answer(name, **parameters)
    assert isinstance(caught.value, BadInput | NotFound | NotPossible), repr(caught.value)
