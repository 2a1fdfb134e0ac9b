"""Evaluation: the number first, then where it comes from; what is folded is made when opened."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.evaluation.intervals import wilson
from cnnviz.ui import many
from cnnviz.ui.language import one_language, percent

DIGITS = "shipped:mnist_lenet5"
FOLDS = ("show_chart", "balance", "compare_arrows", "timer", "table")


def text_of(at) -> str:
    return "\n".join(m.value for m in [*at.markdown, *at.caption])


def test_the_number_has_its_interval_and_its_images(open_page):
    at = open_page("evaluation", model=DIGITS)
    shown = at.metric[0]
    right = round(float(shown.value.split("\u202f")[0]) * 100)
    low, high = wilson(right, 10_000)
    with one_language("en"):
        assert f"between **{percent(low, 1)}** and **{percent(high, 1)}**" in text_of(at)
    assert "test images" in shown.label and f"**{10_000 - right}** of 10,000 images" in text_of(at)


def test_the_story_names_the_mix_ups_and_opens_them(open_page):
    at = open_page("evaluation", model=DIGITS)
    button = next(b for b in at.button if b.key and b.key.startswith("story-0"))
    words = button.label
    button.click().run(timeout=400)
    assert at.title[0].value == "What does it get wrong, and why?"
    true, called = at.query_params["true"][0], at.query_params["called"][0]
    assert words.startswith(f"{true} → {called}: ")


def test_all_mistakes_forget_the_cell_that_was_open(open_page):
    at = open_page("evaluation", model=DIGITS, true="9", called="7")
    at.button(key="all-mistakes").click().run(timeout=400)
    assert "true" not in at.query_params and "called" not in at.query_params


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_every_fold_opens(open_page, language):
    at = open_page("evaluation", model=DIGITS, lang=language)
    for fold in FOLDS:
        at.session_state[f"fold-{fold}"] = True
    at.run()
    assert not at.exception and not at.error
    assert len(at.get("plotly_chart")) >= 4  # classes, curves, reliability before and after
    assert any("| F1 |" in m.value for m in at.markdown)  # all numbers
    assert [b.key for b in at.button if b.key == "measure-time"]


def test_shares_and_order_are_in_the_link(open_page):
    at = open_page("evaluation", model=DIGITS, cells="column", arrange="alike")
    assert not at.exception and not at.error
    chosen = {g.key: g.value for g in at.button_group}
    assert chosen["choice-cells"] == "column" and chosen["choice-arrange"] == "alike"
    at = open_page("evaluation", model=DIGITS, cells="<b>", arrange="../..")
    assert {g.key: g.value for g in at.button_group}["choice-cells"] == "count"


def test_groups_are_about_the_same_images():
    """Images that one of two models was not asked about (another class map) don't count."""
    from cnnviz.ui.evaluation_compare import _answers
    from tests.evaluation.test_results import evaluation

    answers = np.eye(5, dtype=np.float32)
    first = evaluation(answers, np.arange(5))
    second = evaluation(answers[[2, 0, 4]], np.array([2, 1, 4]))
    object.__setattr__(second, "indices", np.array([102, 103, 104]))
    shared, one, other = _answers(first, second)
    assert shared.tolist() == [2, 3, 4]
    assert one.tolist() == [True] * 3 and other.tolist() == [True, False, True]


def test_the_address_of_a_group_is_checked():
    from cnnviz.models.references import ModelReference
    from cnnviz.ui import evaluation_compare
    from cnnviz.ui.current import Opened

    labelled = many.Labelled(Opened(DIGITS, ModelReference.parse(DIGITS).card), "mnist", "test", "")
    for other, group in (("no such", "both_right"), (DIGITS, "nobody"), ("../x", "only_first")):
        assert evaluation_compare.group_positions(labelled, None, other, group) is None


def test_the_same_network_at_other_moments_can_be_compared(open_page):
    other = f"{DIGITS}@epoch-1"
    at = open_page("evaluation", model=DIGITS, other=other)
    at.session_state["fold-compare_arrows"] = True
    at.run()
    assert not at.exception and not at.error
    counts = [int(b.label.rsplit(" ", 1)[1].replace(",", "")) for b in groups(at)]
    assert sum(counts) == 10_000 and counts[1] > counts[2]  # epochs helped
    assert any("McNemar" in m.value for m in at.markdown)


def groups(at):
    return [b for b in at.button if b.key and b.key.startswith("group-")]
