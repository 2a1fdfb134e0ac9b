import pytest

from cnnviz.models.cards import Card
from cnnviz.ui.vote_words import share_in_words


@pytest.mark.parametrize(
    ("answers", "bold", "words"),
    [
        ("one", False, "97\u202f% of its vote"),
        ("one", True, "**97\u202f%** of its vote"),
        ("several", False, "97\u202f% yes"),
        ("several", True, "**97\u202f%** yes"),
    ],
)
def test_words_fit_the_kind_of_answer(answers, bold, words):
    card = Card("A network", ("a", "b"), (8, 8, 3), answers=answers)
    assert share_in_words(card, 0.97, bold=bold) == words
