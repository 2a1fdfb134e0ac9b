"""What a browser may send about the patch, and what the page says about its answer."""

import pytest

from cnnviz.models.references import ModelReference
from cnnviz.ui.components.patch import Position, moved_to
from cnnviz.ui.heatmap_patch import sentence

SIZES = (60, 700)


def test_a_move_is_held_within_the_image():
    event = {"row": 412.7, "column": -9, "size": 5000, "rests": 1}
    assert moved_to(event, SIZES) == (Position(412, 0, 700), True)
    assert moved_to({"row": 0, "column": 2000, "size": 0, "rests": False}, SIZES) == (
        Position(0, 1000, 60),
        False,
    )


@pytest.mark.parametrize(
    "event",
    [
        None,
        "here",
        [1, 2, 3],
        {},
        {"row": 1, "column": 2, "size": 3},
        {"row": "x", "column": 2, "size": 3, "rests": True},
        {"row": float("nan"), "column": 2, "size": 3, "rests": True},
        {"row": float("inf"), "column": 2, "size": 3, "rests": True},
    ],
)
def test_anything_else_moves_nothing(event):
    assert moved_to(event, SIZES) is None


def answer(before, after, rival=(0.03, 0.03)):
    return {
        "target": 3,
        "classes": [
            {"index": 3, "name": "cat", "before": before, "after": after},
            {"index": 5, "name": "dog", "before": rival[0], "after": rival[1]},
        ],
    }


def test_the_sentence_says_what_covering_does():
    card = ModelReference.parse("shipped:cifar10_resnet").card
    three, five = card.class_names[3], card.class_names[5]
    said = sentence(answer(0.97, 0.41, (0.03, 0.5)), card)
    assert said.startswith(f"Covering this takes {three} from 97") and "41" in said
    assert said.endswith(f"Now the network says “{five}”.")
    assert "up to" in sentence(answer(0.4, 0.6), card)
    assert "almost nothing" in sentence(answer(0.9, 0.905), card)
