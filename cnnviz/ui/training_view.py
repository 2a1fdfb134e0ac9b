"""Watch a training: one view for whatever state it is in, waiting, at work, resting or ended.

What changes with every batch is asked for and drawn by the browser (``training_live``); the parts
that Python draws are drawn again only when there is something new to say.
"""

from __future__ import annotations

import streamlit as st

from cnnviz.errors import CnnvizError, NotFound
from cnnviz.runs.run import Run
from cnnviz.ui import (
    diagnosis_box,
    frame,
    training_controls,
    training_inside,
    training_live,
    training_moments,
    training_replay,
    training_waiting,
)
from cnnviz.ui.language import _, one_language
from cnnviz.ui.owner import may_change
from cnnviz.ui.training_curves import curves, rates
from cnnviz.ui.training_live import ENDED, RESTING, WAITING, WORKING, Seen
from cnnviz.ui.training_moments import samples
from cnnviz.ui.training_numbers import numbers

__all__ = ["curves", "draw", "numbers", "samples"]

# A net below what browsers ask for themselves. Besides, only a page with a fragment that repeats
# itself is drawn again when the web server was started anew meanwhile.
AT_LEAST_EVERY_S = 60.0


def draw(run: Run) -> None:
    """The whole view, which draws itself again whenever the run has changed by itself."""
    state = training_live.state_of(run)
    if state == ENDED and training_replay.watch_again(run):
        return
    with st.container(key="training-live"):
        every = None if state == ENDED else AT_LEAST_EVERY_S
        st.fragment(_now, run_every=every)(run.id, state)
    if state == WORKING:
        return
    if state == WAITING and not run.progress.training.steps:
        training_waiting.meanwhile(run)
        return
    with st.container(key="training-moments"):
        st.fragment(_moments)(run.id)


@one_language()
def _now(run_id: str, was: str) -> None:
    """How it is right now."""
    try:
        run = Run(run_id)
        now = training_live.seen(run)
        if now.page != was:
            st.rerun()  # the whole page: the outcome, the ways in
        if was == WORKING:
            _at_work(run, now)
        else:
            _at_rest(run, now)
    except NotFound:
        if was != ENDED:
            st.rerun()  # deleted meanwhile: the page says so
        raise
    except CnnvizError as error:
        frame.show_error(error)


def _at_work(run: Run, now: Seen) -> None:
    """In one go: it is drawn again when one of these has something new."""
    training_controls.at_work(run, run.progress)
    training_live.watch(run, now, shows="all", mine=may_change(run))
    diagnosis_box.draw(run)  # below what grows: it comes and goes
    training_moments.draw(run)
    training_inside.draw(run)


def _at_rest(run: Run, now: Seen) -> None:
    if now.page == WAITING:
        with st.container(horizontal=True, vertical_alignment="center", key="place-in-queue"):
            training_live.watch(run, now, shows="lead", mine=may_change(run))
            if may_change(run):
                training_controls.stop_button(run)
        st.caption(_("You can leave this page: it keeps its place."))
    elif now.page == RESTING:
        training_controls.resting(run, run.progress)
    if run.progress.epochs:
        numbers(run)
        diagnosis_box.draw(run)
        curves(run)
        rates(run)
    if now.page == RESTING:
        training_live.watch(run, now, shows="nothing", mine=may_change(run))


@one_language()
def _moments(run_id: str) -> None:
    """What was kept of it: the slider that goes back to earlier moments."""
    try:
        run = Run(run_id)
        training_moments.draw(run)
        training_inside.draw(run)
    except NotFound:
        return  # deleted meanwhile: the part above says so
    except CnnvizError as error:
        frame.show_error(error)
