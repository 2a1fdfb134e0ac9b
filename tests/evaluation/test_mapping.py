import numpy as np
import pytest

from cnnviz.errors import BadInput, NotPossible
from cnnviz.evaluation.mapping import checked_map, mapped, match_classes


def test_names_match_but_for_case_and_separators():
    assert match_classes(("T-Shirt", "ankle_boot", "cow"), ("Ankle boot", "t shirt")) == (
        1,
        0,
        None,
    )


def test_the_same_classes_in_the_same_order_need_no_map():
    assert checked_map(("a", "B"), ("A", "b"), None) == (0, 1)


@pytest.mark.parametrize("names", [("b", "a"), ("a", "c"), ("a",), ("a", "b", "c")])
def test_another_order_or_other_names_need_one(names):
    with pytest.raises(NotPossible, match="which class is which"):
        checked_map(("a", "b"), names, None)


def test_two_classes_of_one_name_do_not_need_a_map():
    """ImageNet has a crane that flies and one that lifts."""
    assert checked_map(("crane", "cat", "crane"), ("Crane", "cat", "crane"), None) == (0, 1, 2)


def test_labels_become_the_models_and_unknown_ones_minus_one():
    classes = checked_map(("a", "b"), ("b", "cow", "a"), [1, None, 0])
    np.testing.assert_array_equal(mapped(np.array([0, 1, 2, 0]), classes), [1, -1, 0, 1])


@pytest.mark.parametrize(
    "bad", [[0], [0, 2], [0, -1], [0, "1"], [0, 1.0], [True, False], "ab", [None, None], {0: 1}]
)
def test_unusable_maps_are_sentences(bad):
    with pytest.raises(BadInput):
        checked_map(("a", "b"), ("x", "y"), bad)
