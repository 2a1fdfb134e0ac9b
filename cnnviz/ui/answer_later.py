"""A question whose answer may take long: the rest of the page is drawn meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from cnnviz.compute import get_engine
from cnnviz.compute.engine import Question
from cnnviz.errors import Cancelled, CnnvizError, WorkerLost
from cnnviz.ui import left_alone, request_ids, sentences
from cnnviz.ui.language import _, one_language
from cnnviz.ui.owner import current_owner
from cnnviz.ui.questions import ask, before_yours

_PATIENCE = 0.35  # seconds in which most answers are there
_LOOK_EVERY = 1.0
_PLACE = "_later_"  # begins the names under which questions are kept in the session


def when_answered(
    draw: Callable[[dict], None],
    name: str,
    *,
    key: str,
    waiting: str,
    at_once: str | None = None,
    **parameters: Any,
) -> None:
    """Draw with the answer where it is there; else show progress here, and go on with the page.

    The page is run again when the answer has come. What goes wrong becomes a sentence in this
    place; the page stays. Whoever goes to another page, or away, ends the question.

    Args:
        draw: called with the answer.
        name: the question's name.
        key: tells this place from others; a new question here ends the one before.
        waiting: what is being done, for the progress bar.
        at_once: a quick question with the same parameters and the same answer, which fails where
            there is much to do first; it need not stand in line behind long ones.
        **parameters: of the question.
    """
    place, wanted = f"{_PLACE}{key}", (name, repr(sorted(parameters.items())))
    before = st.session_state.get(place)
    if before is None or before[0] != wanted:
        if before is not None:
            before[1].cancel()
            del st.session_state[place]
        answer = _quickly(at_once, waiting, parameters)
        if answer is not None:
            draw(answer)
            return
        request_ids.of_this_run()
        before = (wanted, get_engine().ask(name, asker=current_owner(), **parameters))
        left_alone.watch(before[1], current_owner())
        st.session_state[place] = before
    question: Question = before[1]
    if not question.wait(_PATIENCE):
        st.fragment(_progress, run_every=_LOOK_EVERY)(place, waiting)
        return
    try:
        answer = question.result()
    except Cancelled:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(_("Stopped."), icon=":material/stop_circle:")
            st.button(_("Start again"), key=f"again-{key}", on_click=_forget, args=(place,))
        return
    except CnnvizError as error:
        sentences.show(error)  # kept in the session: asked again, it might take as long again
        if isinstance(error, WorkerLost):  # but that was not the question's fault
            st.button(_("Start again"), key=f"again-{key}", on_click=_forget, args=(place,))
        return
    del st.session_state[place]  # the engine remembers it, and notices when the model has changed
    draw(answer)


def leave() -> None:
    """End what the page that was left is still waiting for: the next one wants the workers."""
    for place in [key for key in st.session_state if str(key).startswith(_PLACE)]:
        st.session_state.pop(place)[1].cancel()


def _quickly(name: str | None, waiting: str, parameters: dict) -> dict | None:
    if name is None:
        return None
    try:
        return ask(name, waiting=waiting, **parameters)
    except CnnvizError:
        return None  # the long question does the work, or says why it cannot be done


@one_language()
def _progress(place: str, waiting: str) -> None:
    kept = st.session_state.get(place)
    if kept is None or kept[1].done:
        st.rerun()
    question = kept[1]
    with st.container(horizontal=True, vertical_alignment="center"):
        text = _(question.text) if question.text else waiting
        if not question.running:
            text = before_yours(question) or _("Waiting for other computations to finish …")
        st.progress(min(max(question.fraction, 0.0), 1.0), text=text)
        stopped = st.button(_("Stop"), key=f"stop{place}", icon=":material/stop_circle:")
    if stopped:
        question.cancel()
        st.rerun()


def _forget(place: str) -> None:
    st.session_state.pop(place, None)
