"""Ask the compute engine from a page: progress, a stop button, a sentence on error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from cnnviz.compute import get_engine
from cnnviz.compute.engine import Question
from cnnviz.errors import Cancelled
from cnnviz.ui import request_ids
from cnnviz.ui.language import _, n_
from cnnviz.ui.owner import current_owner

_PATIENCE = 0.35  # seconds before progress is shown: most answers are there sooner


def ask(
    name: str,
    *,
    waiting: str | None = None,
    on_frame: Callable[[dict], None] | None = None,
    **parameters: Any,
) -> dict:
    """The answer to a question of the registry; waits, without freezing anyone else.

    Args:
        name: the question's name.
        waiting: what is being done, for the progress bar.
        on_frame: draws an intermediate picture, at most about five times a second.
        **parameters: JSON values; models and images as references.

    Raises:
        CnnvizError: with the sentence the worker sent. After the stop button this call does not
            return: the page ends with a note and a way to start again.
    """
    key = _key(name, parameters)
    if st.session_state.get(f"_stopped_{key}"):
        _stopped_note(key)
    request_ids.of_this_run()
    question = get_engine().ask(name, asker=current_owner(), **parameters)
    if question.wait(_PATIENCE):
        return question.result()
    place = st.empty()
    with place.container():
        row = st.container(horizontal=True, vertical_alignment="center")
        with row:
            bar = st.progress(0.0, text=waiting or _("Computing …"))
            st.button(
                _("Stop"),
                key=f"stop-{key}",
                icon=":material/stop_circle:",
                on_click=_stop,
                args=(key,),
            )
    shown = None
    try:
        while not question.wait(0.2):
            text = _(question.text) if question.text else waiting or _("Computing …")
            text = before_yours(question) or text
            bar.progress(min(max(question.fraction or 0.0, 0.0), 1.0), text=text)
            if on_frame is not None and question.frame is not None and question.frame is not shown:
                shown = question.frame
                on_frame(shown)
    except BaseException:
        question.cancel()  # a click elsewhere ended this run of the script: nobody waits any more
        raise
    place.empty()
    return question.result()


def before_yours(question: Question) -> str:
    """The place in line of a question that has not begun; nothing where it is next or begun."""
    if not question.before:
        return ""
    return n_(
        "In line: {count} question of somebody comes before yours.",
        "In line: {count} questions of others come before yours.",
        question.before,
    )


def _key(name: str, parameters: dict) -> str:
    text = json.dumps([name, parameters], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _stop(key: str) -> None:
    st.session_state[f"_stopped_{key}"] = True


def _again(key: str) -> None:
    st.session_state.pop(f"_stopped_{key}", None)


def _stopped_note(key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(_("Stopped."), icon=":material/stop_circle:")
        st.button(_("Start again"), key=f"again-{key}", on_click=_again, args=(key,))
    raise Cancelled("Stopped.")
