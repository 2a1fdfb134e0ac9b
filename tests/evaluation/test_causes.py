import numpy as np
import pytest

from cnnviz.evaluation import causes
from cnnviz.evaluation.duplicates import Twins
from cnnviz.evaluation.results import Evaluation


def answers(labels, votes):
    votes = np.asarray(votes, np.float32)
    top = np.argsort(-votes, axis=1, kind="stable")
    return Evaluation(
        labels=np.asarray(labels),
        top_classes=top,
        top_probabilities=np.take_along_axis(votes, top, axis=1),
        true_probabilities=votes[np.arange(len(votes)), labels],
        indices=np.arange(len(votes)),
        class_names=tuple("abc")[: votes.shape[1]],
        dataset="x",
        split="test",
    )


def twins(*pairs):
    first, second = np.array(pairs, int).reshape(-1, 2).T
    correlation = np.linspace(1, 0.96, len(first)).astype(np.float32)
    return Twins(first, second, np.zeros(len(first), bool), correlation)


def test_wrong_answers_first_then_the_strongest():
    wrong = np.array([False, True, False, True, True, False])
    where = np.array([True, True, True, True, False, False])
    found = causes.counted("dark", where, np.array([9.0, 1, 5, 2, 7, 8]), wrong, extra=np.arange(6))
    assert found.positions.tolist() == [3, 1, 0, 2] and found.positions.dtype == np.int32
    assert found.details["extra"].tolist() == [3, 1, 0, 2]
    assert (found.count, found.share_wrong, found.share_right) == (2, 2 / 3, 2 / 3)


@pytest.mark.parametrize(
    ("of_wrong", "of_right", "more"),
    [(20, 20, True), (2, 18, False), (0, 5, False), (3, 0, True), (1, 0, False), (100, 900, False)],
)
def test_more_than_chance(of_wrong, of_right, more):
    """Among 100 wrong and 900 right answers."""
    from scipy.stats import fisher_exact

    wrong = np.arange(1000) < 100
    where = np.zeros(1000, bool)
    where[:of_wrong] = where[100 : 100 + of_right] = True
    found = causes.counted("dark", where, np.ones(1000), wrong)
    assert found.more is more
    table = [[of_wrong, 100 - of_wrong], [of_right, 900 - of_right]]
    assert (fisher_exact(table, "greater").pvalue < causes.CHANCE) == more
    assert not causes.counted("label_error", where, np.ones(1000), wrong).more, "no news there"


def test_both_twins_count_and_another_label_comes_first():
    labels = np.array([0, 0, 1, 2, 2])
    found = causes.duplicates(twins((0, 1), (2, 3), (1, 4)), labels, np.zeros(5, bool))
    assert sorted(found.positions.tolist()) == [0, 1, 2, 3, 4]
    twin = dict(zip(found.positions.tolist(), found.details["twin"].tolist(), strict=True))
    assert twin == {0: 1, 1: 4, 2: 3, 3: 2, 4: 1}, "1 has two: the one under another label"
    assert found.details["other_labels"] == 4 and found.positions[-1] == 0
    assert found.details["other_label"].tolist() == [True] * 4 + [False]


def test_leaks_name_places_in_training():
    rows = np.array([10, 20, 30])
    found = causes.leaks(
        twins((0, 2), (3, 1)), np.array([0, 1, 1, 1]), np.array([0, 0, 0]), rows, np.zeros(4, bool)
    )
    assert found.positions.tolist() == [3, 0] and found.details["twin"].tolist() == [20, 30]
    assert found.details["other_labels"] == 1
    nothing = causes.leaks(twins(), np.array([0, 1]), np.array([0]), rows, np.zeros(2, bool))
    assert len(nothing.positions) == 0 and nothing.details["twin"].dtype == np.int32


def test_the_pair_mixed_up_most():
    labels = [0, 0, 0, 0, 1, 2]
    votes = np.eye(3)[[1, 1, 1, 0, 2, 2]]
    found = answers(labels, votes)
    wrong = found.predicted != found.labels
    pair = causes.worst_pair(found, wrong)
    assert pair.positions.tolist() == [0, 1, 2] and pair.count == 3
    assert (pair.details["true"], pair.details["called"]) == (0, 1)
    few = answers(labels[1:], votes[1:])
    assert len(causes.worst_pair(few, few.predicted != few.labels).positions) == 0
    right = answers([0, 1, 2], np.eye(3))
    assert len(causes.worst_pair(right, np.zeros(3, bool)).positions) == 0


def test_low_margins():
    found = answers([0, 0, 1], [[0.5, 0.45, 0.05], [0.9, 0.1, 0], [0.4, 0.38, 0.22]])
    margin = causes.low_margin(found, found.predicted != found.labels)
    assert margin.positions.tolist() == [2, 0], "the wrong one first"
    np.testing.assert_allclose(margin.details["margin"], [0.02, 0.05], atol=1e-6)
    alone = answers([0, 0], [[1.0], [1.0]])
    assert len(causes.low_margin(alone, np.zeros(2, bool)).positions) == 0


def test_all_right_and_all_wrong():
    where, strength = np.array([True, False, True]), np.ones(3)
    for wrong in (np.zeros(3, bool), np.ones(3, bool)):
        found = causes.counted("dark", where, strength, wrong)
        assert not found.more and found.to_message()["total"] == 2
    strange = causes.counted("dark", where, np.array([np.nan, 1, np.inf]), np.ones(3, bool))
    assert strange.positions.tolist() == [2, 0]
