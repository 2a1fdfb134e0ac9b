"""Mistakes: the list follows the address, whatever a link says; marks are kept."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz import marks, storage
from cnnviz.compute import get_engine
from cnnviz.evaluation.results import Evaluation
from cnnviz.marks import Mark
from cnnviz.storage import LOCAL_OWNER
from cnnviz.ui import mistake_list

DIGITS = {"model": "shipped:mnist_lenet5"}
KEY = "shipped:mnist_lenet5 mnist/test"


@pytest.fixture(scope="module")
def found(workspace) -> Evaluation:
    asked = {**DIGITS, "dataset": "mnist"}
    return Evaluation.from_message(get_engine().answer("evaluate", **asked))


@pytest.fixture(autouse=True)
def no_marks(workspace):
    yield
    marks.write_marks(LOCAL_OWNER, KEY, {})


def said(at) -> str:
    assert not at.exception
    assert not at.error, at.error[0].value
    return "\n".join(m.value for m in at.markdown)


def test_all_mistakes_are_counted(open_page, found):
    at = open_page("mistakes", **DIGITS)
    wrong = len(found.mistakes)
    assert f"**{wrong} images** of {len(found):,}" in said(at)


def test_a_link_lists_the_images_of_its_cell(open_page, found):
    count = int(found.confusion[9, 7])
    at = open_page("mistakes", **DIGITS, true="9", called="7")
    assert f"**{count} images**" in said(at)
    assert (at.selectbox(key="choice-true").value, at.selectbox(key="choice-called").value) == (
        "9",
        "7",
    )
    at = open_page("mistakes", **DIGITS, true="9", called="9")
    assert "all recognised" in said(at)


def test_filter_and_order_go_into_the_address(open_page, found):
    at = open_page("mistakes", **DIGITS)
    at.selectbox(key="choice-true").select("4").run()
    assert at.query_params["true"] == "4"
    count = int(((found.labels == 4) & (found.predicted != 4)).sum())
    assert f"**{count} images**" in said(at)
    at.selectbox(key="choice-sort").select("margin").run()
    assert at.query_params["sort"] == "margin"
    at.button(key="reverse-order").click().run()
    assert at.query_params["order"] == "backwards"
    assert said(at)
    at.button(key="reverse-order").click().run()
    assert "order" not in at.query_params


def test_every_order_on_every_kind_of_sheet(open_page, found):
    at = open_page("mistakes", **DIGITS, true="9", view="small")
    for sort in mistake_list.SORTS:
        at.selectbox(key="choice-sort").select(sort).run()
        assert said(at), sort
    assert said(open_page("mistakes", **DIGITS, sort="called", show="all", view="sheet"))
    assert said(open_page("mistakes", **DIGITS, true="9", view="heat"))


@pytest.mark.parametrize(
    "hostile",
    [
        {"at": "abc"},
        {"at": "-1"},
        {"at": "9" * 40},
        {"at": "../../etc/passwd"},
        {"at": "٣"},
        {"true": "77", "called": "<script>"},
        {"sort": "__import__", "order": "sideways"},
        {"sort": "strength"},
        {"show": "only_first"},
        {"show": "only_first", "other": "shipped:nothing"},
        {"show": "only_first", "other": "../x"},
        {"show": "everything", "view": "none", "page": "-3"},
        {"cause": "nothing"},
    ],
)
def test_hostile_links_show_the_usual_list(open_page, found, hostile):
    at = open_page("mistakes", **DIGITS, **hostile)
    assert f"**{len(found.mistakes)} images**" in said(at)


def test_images_of_a_comparison_come_with_a_way_back(open_page, found):
    same = "shipped:mnist_lenet5"
    at = open_page("mistakes", **DIGITS, show="both_wrong", other=same)
    assert "Both are wrong" in said(at)
    assert f"**{len(found.mistakes)} images**" in said(at)
    at.button(key="leave-group").click().run()
    assert "comparison" not in said(at) and "show" not in at.query_params


def test_an_image_is_marked_noted_and_listed(open_page, found):
    index = int(found.indices[found.mistakes[0]])
    at = open_page("mistakes", **DIGITS, at=str(index))
    at.toggle(key=f"mark-{index}").set_value(True).run()
    at.text_area(key=f"note-{index}").set_value("a 4?").run()
    assert marks.read_marks(LOCAL_OWNER, KEY) == {index: Mark(True, "a 4?")}
    at = open_page("mistakes", **DIGITS, show="marked")
    assert "**1 image**" in said(at)
    at.button(key="remove-marks").click().run()
    assert marks.read_marks(LOCAL_OWNER, KEY) == {}
    at.button(key="undo-marks").click().run()
    assert marks.read_marks(LOCAL_OWNER, KEY) == {index: Mark(True, "a 4?")}


def test_a_right_answer_can_be_opened_too(open_page, found):
    right = np.flatnonzero(found.predicted == found.labels)[0]
    at = open_page("mistakes", **DIGITS, at=str(int(found.indices[right])))
    assert said(at)
    assert any("recognised" in heading.value for heading in at.subheader)


def test_damaged_marks_are_a_sentence(open_page, found):
    marks.write_mark(LOCAL_OWNER, KEY, 3, Mark(True))
    for path in storage.area("marks").glob("*.json"):
        path.write_text("{")
    at = open_page("mistakes", **DIGITS)
    assert f"**{len(found.mistakes)} images**" in said(at)


def test_reasons_that_nobody_waits_for_any_more_are_not_looked_for(open_page):
    at = open_page("mistakes", **DIGITS, split="train")
    _wanted, question = at.session_state["_later_causes"]
    assert not question.done
    at.switch_page("pages/evaluation.py").run()
    assert not at.exception
    assert question.done and "_later_causes" not in at.session_state
