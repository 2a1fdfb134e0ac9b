import pytest

from cnnviz.evaluation.proposing import NEAR, OPEN, ORDER, SAME, are_numbers, nearest, propose


@pytest.mark.parametrize(
    ("folder", "model"),
    [
        ("cats", "cat"),
        ("Cat", "cats"),
        ("ankle_boots", "Ankle boot"),
        ("mice", "mouse"),
        ("butterflies", "butterfly"),
        ("dresses", "dress"),
        ("tabby cats", "tabby, tabby cat"),
        ("T-shirt/top", "T-shirt"),
        ("003.Sooty_Albatross", "sooty albatross"),
        ("n02123045-tabby", "tabby"),
        ("Café", "cafe"),
        ("car", "automobile"),
        ("Aeroplanes", "airplane"),
        ("seven", "7"),
    ],
)
def test_the_same_word_written_otherwise_is_proposed(folder, model):
    found = propose((folder, "zebra crossing"), ("whale", model))
    assert found.classes == (1, None)
    assert found.how == (NEAR, OPEN) and found.matched == 1


@pytest.mark.parametrize(
    ("folder", "model"), [("cat", "caterpillar"), ("bus", "bu"), ("glass", "glas"), ("", "cat")]
)
def test_other_words_are_not(folder, model):
    assert propose((folder,), (model, "whale")).classes == (None,)


def test_the_same_name_is_sure_and_wins():
    found = propose(("cat", "cats"), ("cats", "cat"))
    assert found.classes == (1, 0) and found.how == (SAME, SAME)


def test_a_name_that_fits_two_classes_is_left_open():
    assert propose(("cranes",), ("crane, bird", "crane, machine")).classes == (None,)


def test_translations_count():
    found = propose(("猫", "狗"), ("dog", "cat"), {0: ("狗",), 1: ("猫",)})
    assert found.classes == (1, 0)


def test_without_names_the_order_is_proposed_where_the_number_fits():
    found = propose(("cat", "dog"), ("class 0", "class 1"))
    assert found.classes == (0, 1) and found.how == (ORDER, ORDER)
    assert propose(("cat", "cow", "dog"), ("class 0", "class 1")).matched == 0
    assert propose(("cat", "dog"), ("cow", "hen")).matched == 0


def test_counted_names():
    assert are_numbers(("0", "1", "2")) and are_numbers(("类别 1", "类别 2"))
    assert not are_numbers(("1", "0")) and not are_numbers(("class 0", "kind 1"))
    assert not are_numbers(("cat", "dog"))


def test_the_nearest_share_a_word_then_letters():
    names = ("tiger", "tiger cat", "Persian cat", "catamaran", "whale", "tabby")
    found = nearest("cat", names)
    assert set(found[:2]) == {1, 2} and found[2] == 3 and 4 not in found
    assert nearest("whael", names) == (4,)
    assert nearest("", names) == ()
