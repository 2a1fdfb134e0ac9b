"""Watch a training: one view for whatever state it is in, waiting, at work, resting or ended.

Everybody who watches a run shares one reader of its diary and one set of figures a moment; while
it can change by itself only parts of the page are drawn again, and when it has ended nothing is.
"""

from __future__ import annotations

import streamlit as st

from cnnviz.errors import CnnvizError, NotFound
from cnnviz.runs.run import Run
from cnnviz.ui import (
    audience,
    diagnosis_box,
    frame,
    training_controls,
    training_inside,
    training_moments,
    training_replay,
    training_waiting,
)
from cnnviz.ui.language import one_language
from cnnviz.ui.training_curves import curves, live_curves, rates
from cnnviz.ui.training_moments import samples
from cnnviz.ui.training_numbers import numbers

__all__ = ["curves", "draw", "numbers", "samples"]

MOMENTS_EVERY = 4  # looks for one at the sample images, which change a few times an epoch
RESTING_S = 3.0  # … at one that rests: somebody else may let it go on


def draw(run: Run) -> None:
    """The whole view, which draws itself again for as long as the run can change by itself."""
    state = _state(run)
    moving = state in ("waiting", "working")
    if state == "ended" and training_replay.watch_again(run):
        return
    with st.container(key="training-live"):
        pace = audience.pace() if moving else RESTING_S if state == "resting" else None
        st.fragment(_live, run_every=pace)(run.id, state, pace)
    if state == "waiting" and not run.progress.training.steps:
        training_waiting.meanwhile(run)
        return
    with st.container(key="training-moments"):
        every = MOMENTS_EVERY * pace if state == "working" else None
        st.fragment(_moments, run_every=every)(run.id)


def _state(run: Run) -> str:
    status = run.status
    if status in ("starting", "running"):
        return "working"
    if status in ("paused", "lost"):
        return "resting"
    return "waiting" if status == "waiting" else "ended"


@one_language()
def _live(run_id: str, was: str, pace: float | None) -> None:
    """What changes with every batch."""
    audience.look()
    try:
        run = Run(run_id)
        if _state(run) != was or (was in ("waiting", "working") and audience.outgrown(pace)):
            st.rerun()  # the whole page: the outcome, the ways in, and another pace
        progress = run.progress
        if was == "waiting":
            training_waiting.place(run)
        elif was == "working":
            training_controls.at_work(run, progress)
        elif was == "resting":
            training_controls.resting(run, progress)
        if progress.epochs or was == "working":
            numbers(run, was == "working")
            if was == "working":
                live_curves(run)
                diagnosis_box.draw(run)  # below what grows: it comes and goes
            else:
                diagnosis_box.draw(run)
                curves(run)
                rates(run)
    except NotFound:
        if was != "ended":
            st.rerun()  # deleted meanwhile: the page says so
        raise
    except CnnvizError as error:
        frame.show_error(error)


@one_language()
def _moments(run_id: str) -> None:
    """What changes with every kept moment, and the slider that goes back to earlier ones."""
    try:
        run = Run(run_id)
        training_moments.draw(run)
        training_inside.draw(run)
    except NotFound:
        return  # deleted meanwhile: the part above says so
    except CnnvizError as error:
        frame.show_error(error)
