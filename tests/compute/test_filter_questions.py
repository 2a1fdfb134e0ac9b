import numpy as np
import pytest

from cnnviz.compute.inline import InlineEngine
from cnnviz.errors import BadInput

MODEL = "shipped:mnist_lenet5"


@pytest.fixture(scope="module")
def inline():
    return InlineEngine()


def ask(inline, **parameters):
    return inline.answer("filters", model=MODEL, layer="relu_2", steps=6, **parameters)


def test_each_way_of_drawing_gives_another_picture(inline):
    ways = [
        {},
        {"parametrisation": "pixels"},
        {"objective": "neuron"},
        {"objective": "class"},
        {"objective": "layer"},
    ]
    pictures = [ask(inline, channels=[3], **way)["pictures"] for way in ways]
    assert all(p.shape == (1, 28, 28, 1) and p.dtype == np.uint8 for p in pictures)
    for i, picture in enumerate(pictures):
        assert all(np.any(picture != other) for other in pictures[:i])


def test_without_numbers_a_layer_is_one_picture_and_classes_are_the_models(inline):
    assert len(ask(inline, objective="layer")["pictures"]) == 1
    assert ask(inline, objective="class")["channels"] == list(range(10))


def test_words_and_numbers_are_checked(inline):
    for wrong in ({"objective": "dream"}, {"parametrisation": 1}):
        with pytest.raises(BadInput):
            ask(inline, channels=[0], **wrong)
    with pytest.raises(BadInput):
        ask(inline, channels=[10], objective="class")
