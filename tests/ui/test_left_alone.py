"""Questions of people who have left."""

import pytest

from cnnviz.compute.engine import Job, Question
from cnnviz.ui import left_alone, presence


@pytest.fixture
def question():
    return Question(Job("causes", {}))


def test_it_goes_on_while_a_tab_is_open_and_ends_after_the_last(question, monkeypatch):
    left_alone.watch(question, "ann")
    with presence.here("ann"):
        with presence.here("ann"):
            left_alone.end()
        left_alone.end()
        assert not question.done
    left_alone.end()
    assert not question.done, "this may be a reload"
    monkeypatch.setattr(left_alone, "PATIENCE_S", -1.0)
    left_alone.end()
    assert question.done


def test_nobody_has_left_where_nobody_is_counted(question, monkeypatch):
    """Plain ``streamlit run`` knows no tabs."""
    monkeypatch.setattr(left_alone, "PATIENCE_S", -1.0)
    left_alone.watch(question, "somebody who was never seen")
    left_alone.end()
    assert not question.done
