"""Mistakes: the possible reasons are counted, lead to their images, and live in the address."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.compute import get_engine
from cnnviz.evaluation.causes import KEYS
from cnnviz.ui.mistake_causes import cause_names

DIGITS = {"model": "shipped:mnist_lenet5"}


@pytest.fixture(scope="module")
def answer(workspace) -> dict:
    """What the page shows; asked beforehand, since it does not wait for it."""
    return get_engine().answer("causes", **DIGITS, dataset="mnist")


def texts(at) -> str:
    assert not at.exception
    assert not at.error, at.error[0].value
    return "\n".join(m.value for m in [*at.markdown, *at.caption])


def cards(at) -> list[str]:
    return [b.key.removeprefix("choose-") for b in at.button if (b.key or "").startswith("choose-")]


def test_each_reason_is_a_card_with_its_count(open_page, answer):
    at = open_page("mistakes", **DIGITS)
    said, wrong = texts(at), answer["wrong"]
    counts = {c["key"]: c["count"] for c in answer["causes"]}
    shown = cards(at)
    assert set(shown) >= {key for key, count in counts.items() if count}
    assert [counts[k] for k in shown] == sorted((counts[k] for k in shown), reverse=True)
    for key in shown:
        assert f"**{counts[key]}** of {wrong} mistakes" in said
        assert cause_names()[key] in said
    for key in counts.keys() - set(shown):
        assert cause_names()[key] in said, "what was looked for in vain is said"


def test_a_click_shows_its_images_and_another_all(open_page, answer):
    at = open_page("mistakes", **DIGITS)
    key = cards(at)[0]
    count = next(c["count"] for c in answer["causes"] if c["key"] == key)
    at.button(key=f"choose-{key}").click().run()
    assert at.query_params["cause"] in (key, [key]) and cards(at) == [key]
    assert f"**{count} images**" in texts(at)
    at.button(key=f"choose-{key}").click().run()
    assert "cause" not in at.query_params and len(cards(at)) > 1
    assert f"**{answer['wrong']} images**" in texts(at)


def test_a_link_opens_a_reason(open_page, answer):
    found = next(c for c in answer["causes"] if c["key"] == "low_margin")
    at = open_page("mistakes", **DIGITS, cause="low_margin", show="all")
    assert f"**{found['total']} images**" in texts(at)


@pytest.mark.parametrize("cause", ["../..", "<script>", "bright", "", "9" * 400])
def test_a_link_to_no_reason_shows_all(open_page, answer, cause):
    at = open_page("mistakes", **DIGITS, cause=cause)
    assert len(cards(at)) > 1 and "<script>" not in texts(at)


def test_every_cause_has_its_words():
    assert cause_names().keys() == set(KEYS)


def test_positions_are_those_of_the_evaluation(answer):
    from cnnviz.evaluation.results import Evaluation

    told = Evaluation.from_message(get_engine().answer("evaluate", **DIGITS, dataset="mnist"))
    wrong = told.predicted != told.labels
    for cause in answer["causes"]:
        assert wrong[cause["positions"]].sum() == cause["count"]
    low = next(c for c in answer["causes"] if c["key"] == "low_margin")["positions"]
    margin = told.top_probabilities[:, 0] - told.top_probabilities[:, 1]
    assert set(low.tolist()) == set(np.flatnonzero(margin < 0.1).tolist())
