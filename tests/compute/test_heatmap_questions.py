"""What can be asked about heatmaps: methods, classes, layers, classes held against each other."""

import numpy as np
import pytest

from cnnviz.compute.inline import InlineEngine
from cnnviz.compute.registry import QUESTIONS
from cnnviz.errors import BadInput, CnnvizError, NotFound, NotPossible

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


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("heatmaps", {"method": ["grad_cam"]}),
        ("heatmaps", {"against": 10}),
        ("heatmaps", {"against": "7"}),
        ("heatmaps", {"against": True}),
        ("heatmaps", {"options": {"report": 1}}),
        ("heatmaps", {"options": [1]}),
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
