import numpy as np
import pytest

from cnnviz.compute.inline import InlineEngine
from cnnviz.errors import BadInput
from cnnviz.explanation.occluding import occlude
from tests.inference import networks

MODEL = networks.model(networks.flat())
IMAGE = networks.images(MODEL.keras_model, 1)[0]  # 12×12


@pytest.mark.parametrize(
    ("row", "column", "size", "box"),
    [
        (0.5, 0.5, 0.5, (3, 3, 9, 9)),
        (0, 0, 0.5, (0, 0, 3, 3)),
        (1, 1, 0.5, (9, 9, 12, 12)),
        (0.125, 0.9, 1 / 12, (1, 10, 2, 11)),
        (0, 1, 0, (0, 11, 1, 12)),
        (0.5, 0.5, 1, (0, 0, 12, 12)),
    ],
)
def test_the_patch_lies_where_it_was_put(row, column, size, box):
    found = occlude(MODEL, IMAGE, row, column, size, "black")
    top, left, bottom, right = found.box
    assert found.box == box
    expected = IMAGE.copy()
    expected[top:bottom, left:right] = 0
    np.testing.assert_array_equal(found.image, expected)


def test_the_answers_are_those_of_the_two_images():
    found = occlude(MODEL, IMAGE, 0.4, 0.6, 0.3)
    both = np.stack([IMAGE, found.image])
    np.testing.assert_allclose(found.shares, MODEL.predict(both), rtol=1e-5)
    np.testing.assert_allclose(found.scores, MODEL.scores(both), rtol=1e-4, atol=1e-4)
    assert (found.shares[0] != found.shares[1]).any()


def test_the_mean_colour_is_the_images():
    found = occlude(MODEL, IMAGE, 0.5, 0.5, 1)
    np.testing.assert_array_equal(found.image[3, 4], np.rint(IMAGE.mean(axis=(0, 1))))


def test_numbers_out_of_range_are_sentences():
    for place in ((-0.1, 0, 0), (0, 1.1, 0), (0, 0, float("nan"))):
        with pytest.raises(BadInput, match="from 0 to 1"):
            occlude(MODEL, IMAGE, *place)


SAMPLE = {"model": "shipped:mnist_lenet5", "image": "data:mnist/test/0"}


@pytest.fixture(scope="module")
def inline():
    return InlineEngine()


def test_the_question_tells_the_vote_before_and_after(inline):
    answer = inline.answer("occlude", **SAMPLE, row=300, column=500, size=400)
    predicted = inline.answer("predict", **SAMPLE)["classes"]
    assert [c["index"] for c in answer["classes"][:3]] == [c["index"] for c in predicted[:3]]
    assert answer["target"] == predicted[0]["index"] == 7
    first = answer["classes"][0]
    assert first["before"] == pytest.approx(predicted[0]["share"], abs=1e-5)
    assert answer["drop"] == pytest.approx(first["before"] - first["after"], abs=1e-6)
    assert answer["score_drop"] > 0
    assert max(c["after"] for c in answer["classes"]) > 0.2
    top, left, bottom, right = answer["box"]
    assert (bottom - top, right - left) == (11, 11)
    patch = answer["image"][top:bottom, left:right]
    assert answer["image"].dtype == np.uint8 and (patch == patch[0, 0]).all()


def test_the_question_for_a_class_and_its_rival(inline):
    place = {"row": 300, "column": 500, "size": 400}
    answer = inline.answer("occlude", **SAMPLE, **place, target=1, against=9, baseline="grey")
    shares = {c["index"]: c for c in answer["classes"]}
    assert {1, 9} <= set(shares)
    lead = [shares[1][when] - shares[9][when] for when in ("before", "after")]
    assert answer["drop"] == pytest.approx(lead[0] - lead[1], abs=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"row": -1},
        {"column": 1001},
        {"size": 0.5},
        {"target": 10},
        {"against": True},
        {"baseline": "holes"},
    ],
)
def test_what_links_may_hold_gets_a_sentence(inline, wrong):
    with pytest.raises(BadInput):
        inline.answer("occlude", **{**SAMPLE, "row": 1, "column": 1, "size": 1, **wrong})
