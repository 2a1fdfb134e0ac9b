"""Which answers are listed, and in which order."""

import numpy as np
import pytest

from cnnviz.evaluation.results import Evaluation
from cnnviz.ui import mistake_list
from cnnviz.ui.mistake_list import ALL, MARKED, chosen, groups, ordered


@pytest.fixture(scope="module")
def found() -> Evaluation:
    """Six images of three classes: 0 and 5 are right."""
    labels = np.array([0, 0, 1, 2, 1, 2])
    shares = np.array(
        [
            [0.9, 0.05, 0.05],
            [0.3, 0.6, 0.1],
            [0.49, 0.46, 0.05],
            [0.1, 0.8, 0.1],
            [0.0, 0.0, 1.0],
            [0.2, 0.2, 0.6],
        ]
    )
    order = np.argsort(-shares, axis=1, kind="stable")
    return Evaluation(
        labels,
        order,
        np.take_along_axis(shares, order, 1),
        shares[np.arange(6), labels],
        np.arange(6) + 100,
        ("a", "b", "c"),
        "toy",
        "test",
    )


def test_mistakes_are_listed_the_surest_first(found):
    assert chosen(found).tolist() == [4, 3, 1, 2]
    assert chosen(found, kind=ALL).tolist() == [4, 0, 3, 1, 5, 2]


def test_filters_by_class_and_by_mark(found):
    assert chosen(found, true=1).tolist() == [4, 2]
    assert chosen(found, called=1).tolist() == [3, 1]
    assert chosen(found, true=0, called=1).tolist() == [1]
    # a cell on the diagonal has no mistakes: its images are listed all the same
    assert chosen(found, true=0, called=0).tolist() == [0]
    assert chosen(found, kind=MARKED, marked={105, 101, 7}).tolist() == [1, 5]


def test_a_cause_keeps_its_order_and_the_filters_hold_within_it(found):
    within = np.array([2, 5, 4])
    assert chosen(found, within=within).tolist() == [2, 4]
    assert chosen(found, kind=ALL, within=within).tolist() == [2, 5, 4]


def test_figures_are_their_formulas(found):
    assert mistake_list.loss_of(found)[0] == pytest.approx(-np.log(0.9))
    assert mistake_list.loss_of(found)[4] == pytest.approx(-np.log(1e-7))  # no share: not infinite
    assert mistake_list.margin_of(found).round(6).tolist() == [0.85, 0.3, 0.03, 0.7, 1.0, 0.4]


@pytest.mark.parametrize(
    ("sort", "forwards", "backwards"),
    [
        ("confidence", [4, 3, 1, 2], [2, 1, 3, 4]),
        ("loss", [4, 3, 1, 2], [2, 1, 3, 4]),
        ("margin", [2, 1, 3, 4], [4, 3, 1, 2]),
        ("true", [1, 4, 2, 3], [3, 4, 2, 1]),  # within a class the surest first, both ways
        ("called", [2, 3, 1, 4], [4, 3, 1, 2]),
        ("place", [1, 2, 3, 4], [4, 3, 2, 1]),
    ],
)
def test_orders(found, sort, forwards, backwards):
    listed = chosen(found)
    assert ordered(found, listed, sort).tolist() == forwards
    assert ordered(found, listed, sort, backwards=True).tolist() == backwards


def test_headings_stand_in_front_of_each_class(found):
    by_class = ordered(found, chosen(found), "true")
    assert groups(found, by_class, "true") == [(0, 0, 1), (1, 1, 2), (3, 2, 1)]
    assert groups(found, by_class, "loss") == []
    assert groups(found, by_class[:0], "true") == []


def test_ten_thousand_are_sorted_at_once():
    rng = np.random.default_rng(0)
    n = 10_000
    top = np.sort(rng.random((n, 5)).astype(np.float32), axis=1)[:, ::-1] / 5
    classes = rng.integers(0, 10, (n, 5)).astype(np.int32)
    labels = rng.integers(0, 10, n).astype(np.int32)
    many = Evaluation(
        labels, classes, top, top[:, 1], np.arange(n), tuple("abcdefghij"), "toy", "test"
    )
    for sort in mistake_list.SORTS:
        listed = ordered(many, chosen(many, kind=ALL), sort)
        assert np.array_equal(np.sort(listed), np.arange(n)), sort
