"""What the view of one image says, from constructed answers."""

import re
from dataclasses import replace

import numpy as np
import pytest

from cnnviz.datasets.image_references import Picture
from cnnviz.models.references import ModelReference
from cnnviz.ui import image_neighbours, image_vote
from cnnviz.ui.current import Opened
from cnnviz.ui.image_parting import Told, image_in_words, layers_in_words
from cnnviz.ui.image_subject import Subject
from cnnviz.ui.many import Labelled

CARD = ModelReference.parse("shipped:fashion_mnist_vgg").card
SHIRT, COAT, BAG = 6, 4, 8


def subject(true=SHIRT, top=((COAT, 0.93), (SHIRT, 0.05), (BAG, 0.02)), label="shirt", card=CARD):
    opened = Opened("shipped:fashion_mnist_vgg", card)
    labelled = Labelled(opened, "fashion_mnist", "test", "Clothes")
    picture = Picture("data:fashion_mnist/test/3", np.zeros((28, 28, 1), np.uint8), "", label)
    share = dict(top).get(true, 0.001)
    return Subject(labelled, 3, picture, true, top[0][0], share, top)


def plain(text: str) -> str:
    return text.replace("*", "").replace("\u202f", " ").replace("\\", "")


def test_a_mistake_in_words():
    shown = subject()
    assert image_vote.header(shown) == "“shirt”, called “coat”"
    said = plain(image_vote.in_words(shown))
    assert "“coat” got 93 % of its vote." in said and "“shirt” got 5 % of its vote." in said
    assert said.endswith("It did not hesitate.")  # the next has just been named
    assert (shown.rival, shown.right) == (COAT, False)


def test_a_right_answer_is_held_against_the_second():
    shown = subject(top=((SHIRT, 0.5), (BAG, 0.45)))
    assert image_vote.header(shown) == "“shirt”, and recognised"
    said = plain(image_vote.in_words(shown))
    assert "“shirt” got 50 %" in said and "“bag” got 45 %" in said
    assert "“bag” was hardly behind" in said and shown.rival == BAG


def test_where_each_class_is_answered_for_itself_nothing_is_part_of_a_vote():
    said = plain(image_vote.in_words(subject(card=replace(CARD, answers="several"))))
    assert "93 % yes" in said and "vote" not in said


def test_the_data_set_s_own_name_is_said_where_it_is_another():
    assert "calls" not in image_vote.in_words(subject())
    said = image_vote.in_words(subject(label="![chemise](x)"))
    assert "The data set calls its class" in said and "](" not in said


def test_names_that_somebody_typed_are_no_markup(monkeypatch):
    names = list(CARD.class_names)
    names[SHIRT] = "<img src=x>[a](b)"
    shown = subject(card=replace(CARD, class_names=tuple(names)), label="<img src=x>[a](b)")
    assert "](" not in image_vote.header(shown) + image_vote.in_words(shown)
    drawn = []
    monkeypatch.setattr(image_vote, "is_dark", lambda: False)
    monkeypatch.setattr(image_vote.st, "html", drawn.append)
    image_vote.bars(shown)
    assert "&lt;img src=x&gt;" in drawn[0] and "<img" not in drawn[0]


def test_bars_mark_what_it_is_and_what_it_was_called(monkeypatch):
    drawn = []
    monkeypatch.setattr(image_vote, "is_dark", lambda: True)
    monkeypatch.setattr(image_vote.st, "html", drawn.append)
    image_vote.bars(subject(top=((COAT, 0.9), (BAG, 0.1))))
    rows = re.findall(r'role="listitem".*?(?=role="listitem"|$)', drawn[0])
    assert len(rows) == 3, "the true class is shown although it is not among the first"
    marked = [("✓ what it is" in row, "what it was called" in row) for row in rows]
    assert marked == [(False, True), (False, False), (True, False)]
    assert "shirt" in rows[2] and "width:90.00%" in rows[0]


def answer(**changes) -> dict:
    def group(labels, *distances):
        return {
            "indices": np.arange(len(labels)),
            "labels": np.array(labels, np.int64),
            "called": np.array(labels, np.int64),
            "distances": np.array(distances or [0.1] * len(labels), np.float32),
        }

    usual = {
        "training": group([COAT, COAT, SHIRT, COAT, COAT]),
        "true": group([SHIRT], 0.2),
        "rival": group([COAT], 0.1),
        "split": group([BAG]),
        "true_class": SHIRT,
        "rival_class": COAT,
        "rank_true": 3,
        "rank_rival": 1,
        "same": np.array([], np.int32),
        "same_labels": np.array([], np.int32),
        "farther_than": 0.4,
        "layer": "average",
    }
    return {**usual, **changes}


def told_by_neighbours(**changes) -> str:
    return plain(" ".join(image_neighbours.in_words(subject(), answer(**changes))))


def test_neighbours_in_words():
    said = told_by_neighbours()
    assert said == (
        "Its 5 nearest training images: 4 × “coat”, 1 × “shirt”. "
        "The nearest “shirt” is 2.0 times as far away as the nearest “coat”. "
        "2 training images are nearer than it."
    )
    near = {"distances": np.float32([0.004])}
    assert "more than ten times" in told_by_neighbours(rival=near)
    assert "are equally far away" in told_by_neighbours(rival={"distances": np.float32([0.19])})
    farther = told_by_neighbours(rival={"distances": np.float32([0.6])}, rank_true=1, rank_rival=2)
    assert "The nearest “coat” is 3.0 times as far away as the nearest “shirt”" in farther
    assert "1 training image is nearer" in farther


def test_an_image_unlike_anything_in_training_is_said_so():
    assert "unlike" not in told_by_neighbours()
    assert "97 % of the test images are nearer" in told_by_neighbours(farther_than=0.97)


def test_a_kind_that_was_not_learnt_is_said_so():
    own = {"distances": np.float32([0.2]), "labels": np.full(5, SHIRT)}
    some, most = ([COAT, SHIRT, SHIRT, SHIRT, SHIRT], [COAT, SHIRT, COAT, COAT, SHIRT])
    assert "not learnt" not in told_by_neighbours(true={**own, "called": np.array(some)})
    said = told_by_neighbours(true={**own, "called": np.array(most)})
    assert "Of the 5 nearest training images of “shirt”, it calls 3 something else too" in said


def test_missing_neighbours_are_said():
    assert "no training image of “shirt”" in told_by_neighbours(rank_true=None)
    nothing = {"labels": np.array([], int)}
    assert told_by_neighbours(training=nothing) == "There is no training image to compare it with."


def test_a_leak_is_said_with_its_other_name():
    leak = {"same": np.array([7]), "same_labels": np.array([SHIRT])}
    assert image_neighbours.leaks(subject(), answer()) == []
    assert "know it by heart" in image_neighbours.leaks(subject(), answer(**leak))[0]
    leak["same_labels"] = np.array([BAG])
    assert "There it is called “bag”" in image_neighbours.leaks(subject(), answer(**leak))[0]


LAYERS = ["one", "two", "three", "four", "the answer"]


def told(leanings, accuracies=(0.95,) * 5) -> Told:
    return Told(LAYERS, list(leanings), list(accuracies), ("shirt", "coat"))


@pytest.mark.parametrize(
    ("leanings", "expected"),
    [
        (
            [0.8, 0.6, -0.5, -0.9, -1],
            "Up to two it looks like “shirt”; from three on like “coat”.",
        ),
        ([0.8, 0.9, 0.7, 0.8, 0.9], "From the first layer on it looks like “shirt”."),
        (
            [-0.8, -0.9, 0.1, -0.2, -0.9],
            "From the first layer on it looks like “coat”. "
            "2 of these layers lean clearly to neither.",
        ),
        (
            [0.1, -0.2, 0.7, 0.8, 0.9],
            "The first layers cannot tell which of the two it is; from three on it looks like "
            "“shirt”.",
        ),
        (
            [0.8, 0.6, 0.5, 0.4, -0.6],
            "Up to four it looks like “shirt”; only the answer itself says “coat”.",
        ),
        (
            [0, 0.1, 0, 0.1, -0.6],
            "No layer leans clearly to either class; only the answer itself says “coat”.",
        ),
        (
            [0.8, -0.6, 0.5, -0.8, -0.6],
            "The layers change their mind several times; from four on it looks like “coat”.",
        ),
        (
            [0.1, 0.2, -0.1, 0.2, -0.1],
            "At no layer does this image lean clearly to “shirt” or to “coat”: it lies between "
            "the two.",
        ),
    ],
)
def test_the_course_of_an_image_in_words(leanings, expected):
    assert plain(image_in_words(told(leanings))) == expected


@pytest.mark.parametrize(
    ("accuracies", "expected"),
    [
        ([0.6, 0.7, 0.92, 0.95, 0.99], "From three on, 90 % or more of their training images"),
        ([0.95] * 5, "Every layer tells 90 % or more"),
        ([0.6, 0.7, 0.8, 0.8, 0.95], "Only the answer tells 90 % or more"),
        (
            [0.6, 0.7, 0.8, 0.85, 0.8],
            "No layer parts the two classes reliably: the best tells 85 %",
        ),
    ],
)
def test_what_the_layers_can_tell_in_words(accuracies, expected):
    assert plain(layers_in_words(told([0] * 5, accuracies))).startswith(expected)
