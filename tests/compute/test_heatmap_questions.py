"""What can be asked about heatmaps: methods, classes, layers, classes held against each other."""

import numpy as np
import pytest

from cnnviz.compute.inline import InlineEngine
from cnnviz.compute.registry import QUESTIONS
from cnnviz.errors import BadInput, CnnvizError, NotFound, NotPossible
from cnnviz.models.references import ModelReference

SAMPLE = {"model": "shipped:mnist_lenet5", "image": "data:mnist/test/0"}


@pytest.fixture(scope="module")
def frames():
    return []


@pytest.fixture(scope="module")
def inline(frames):
    def keep(fraction, text, frame):
        if frame is not None:
            frames.append(frame)

    return InlineEngine(on_report=keep)


def test_a_class_held_against_another_is_signed(inline):
    plain = inline.answer("heatmaps", **SAMPLE, targets=[7])
    held = inline.answer("heatmaps", **SAMPLE, targets=[7, 3], against=3)
    assert plain["against"] is None and not plain["signed"]
    assert held["against"] == 3 and held["signed"]
    assert held["maps"][0].min() < 0 < held["maps"][0].max()
    assert not held["positive"][1] and np.abs(held["maps"][1]).max() < 1e-5, "3 against itself"
    assert held["takes_layer"] and held["details"] == {}
    assert plain["names"] == ["7"] and plain["shares"][0] > 0.9


def test_a_table_holds_what_its_cells_are_alone(inline):
    methods, layers = ["grad_cam", "hires_cam"], ["relu_1", "pool_2"]
    table = inline.answer("heatmap_table", **SAMPLE, methods=methods, layers=layers, targets=[3, 7])
    assert table["methods"] == methods and table["layers"] == layers
    assert table["targets"] == [3, 7] and table["names"] == ["3", "7"]
    assert len(table["cells"]) == 4
    for cell in table["cells"]:
        alone = inline.answer(
            "heatmaps", **SAMPLE, method=cell["method"], layer=cell["layer"], targets=[3, 7]
        )
        np.testing.assert_allclose(cell["maps"], alone["maps"], rtol=1e-4, atol=1e-5)
        assert cell["signed"] == alone["signed"] and cell["positive"] == alone["positive"]
    np.testing.assert_allclose(table["shares"], alone["shares"], rtol=1e-5)


def test_a_table_asked_without_choices_explains_the_answer(inline):
    table = inline.answer("heatmap_table", **SAMPLE)
    assert table["targets"] == [7] and len(table["cells"]) == 5
    assert {cell["maps"].shape[0] for cell in table["cells"]} == {1}


def test_a_slow_question_gives_the_same_as_a_quick_one(inline):
    quick = inline.answer("heatmaps", **SAMPLE, method="layer_cam")
    slow = inline.answer("slow_heatmaps", **SAMPLE, method="layer_cam")
    assert QUESTIONS["slow_heatmaps"].cost == "long" and slow.keys() == quick.keys()
    np.testing.assert_allclose(slow["maps"], quick["maps"], rtol=1e-5)


def test_frames_have_the_form_of_the_answer(inline, frames):
    frames.clear()
    asked = {"method": "score_cam", "targets": [7, 1], "options": {"channels": 4}}
    answer = inline.answer("slow_heatmaps", **SAMPLE, **asked, layer="relu_2")
    assert frames and frames[0].keys() == answer.keys()
    for field in ("targets", "names", "layer", "method", "signed", "against", "takes_layer"):
        assert frames[0][field] == answer[field]
    np.testing.assert_allclose(frames[0]["shares"], answer["shares"], rtol=1e-5)
    assert frames[0]["maps"].shape == answer["maps"].shape
    assert answer["details"] == {"channels": [4, 4]}


def test_methods_of_pixels_leave_the_layer_aside(inline):
    answer = inline.answer("heatmaps", **SAMPLE, method="gradient", layer="relu_1", targets=[7])
    assert answer["layer"] is None and not answer["takes_layer"]
    assert answer["maps"].shape == (1, 28, 28)


def test_a_full_table_fits_into_an_answer(inline):
    card = ModelReference.parse("shipped:imagenet_efficientnet_lite0").card
    layers = [x.name for x in card.spatial_layers if x.output_shape[0] >= 56][:8]
    assert card.layer(layers[0]).output_shape[0] > 88, "averaged down"
    question = QUESTIONS["heatmap_table"]
    methods = question.defaults["methods"]
    largest = len(methods) * len(layers) * 4 * 88 * 88 * 4
    assert len(methods) == 5 and len(layers) == 8 and largest <= 5_000_000
    some = inline.answer(
        "heatmap_table",
        model="shipped:imagenet_efficientnet_lite0",
        image="photo:chelsea",
        methods=methods[:1],
        layers=layers[:1],
        targets=[281],
    )
    assert {cell["maps"].shape for cell in some["cells"]} == {(1, 88, 88)}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("heatmaps", {"method": ["grad_cam"]}),
        ("heatmaps", {"against": 10}),
        ("heatmaps", {"against": "7"}),
        ("heatmaps", {"against": True}),
        ("heatmaps", {"options": {"report": 1}}),
        ("heatmaps", {"options": [1]}),
        ("heatmaps", {"method": "score_cam"}),
        ("heatmaps", {"method": "eigen_cam", "against": 3}),
        ("slow_heatmaps", {"method": "score_cam", "options": {"channels": "all"}}),
        ("slow_heatmaps", {"method": "score_cam", "options": {"channels": -5}}),
        ("slow_heatmaps", {"method": "score_cam", "layer": "dense_1"}),
        ("heatmap_table", {"methods": ["score_cam"]}),
        ("heatmap_table", {"methods": []}),
        ("heatmap_table", {"methods": ["grad_cam"] * 9}),
        ("heatmap_table", {"methods": [None]}),
        ("heatmap_table", {"layers": ["dense_1"]}),
        ("heatmap_table", {"layers": "conv_1"}),
        ("heatmap_table", {"layers": ["nowhere"]}),
        ("heatmap_table", {"targets": [0, 1, 2, 3, 4]}),
    ],
)
def test_what_links_may_hold_gets_a_sentence(inline, name, parameters):
    with pytest.raises(CnnvizError) as caught:
        inline.answer(name, **SAMPLE, **parameters)
    assert isinstance(caught.value, BadInput | NotFound | NotPossible), repr(caught.value)
