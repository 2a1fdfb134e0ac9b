"""What its owner (or a teacher) can do with a training at work or at rest."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.runs.progress import Progress
from cnnviz.runs.run import COMMANDS, LEARNING_RATE, PAUSE, STOP, Run
from cnnviz.training.launch import resume_training
from cnnviz.ui import frame, run_words
from cnnviz.ui.language import _
from cnnviz.ui.owner import acting_owner, may_change

_FACTORS = {  # by the button's key
    "rate-tenth": ("÷ 10", 0.1),
    "rate-third": ("÷ 3", 1 / 3),
    "rate-triple": ("× 3", 3.0),
    "rate-tenfold": ("× 10", 10.0),
}
_FAILURE = "training-command-failure"


def at_work(run: Run, progress: Progress) -> None:
    """Stop, pause and another learning rate for those who may; how far it is stands elsewhere."""
    if may_change(run):
        stopping, pausing = asked(run, STOP), asked(run, PAUSE)
        with st.container(horizontal=True, vertical_alignment="center"):
            if run.parent:  # its search goes on with the next trial
                stop_button(run, stopping)
                return
            _button(run, "pause", _("Pause"), "pause_circle", Run.request_pause, stopping | pausing)
            stop_button(run, stopping)
            _learning_rate(run, progress, disabled=stopping or pausing or not progress.step)
    _show_failure()


def resting(run: Run, progress: Progress) -> None:
    """Where a paused training rests, and the way on. One that broke off says so elsewhere."""
    if run.status != "paused":
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        where = _("Paused at step {step}: it goes on from exactly there.").format(
            step=f"{progress.step:,}"
        )
        st.progress(progress.fraction, text=where)
        if may_change(run) and not run.parent:
            go_on_button(run)
            stop_button(run, asked(run, STOP))
    _show_failure()


def stop_button(run: Run, stopping: bool = False) -> None:
    """Stop without asking twice: what it has learned is kept."""
    _button(run, "stop", _("Stop"), "stop_circle", Run.request_stop, stopping)


def go_on_button(run: Run) -> None:
    """Back into the queue, or to work at once where there is room."""
    st.button(
        _("Go on"),
        key="go-on-training",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_attempt,
        args=(run.id, lambda asked, owner: resume_training(asked.id, owner)),
    )


def _button(
    run: Run, name: str, label: str, icon: str, command: Callable[[Run, str], None], disabled: bool
) -> None:
    st.button(
        label,
        key=f"{name}-training",
        icon=f":material/{icon}:",
        disabled=disabled,
        on_click=_attempt,
        args=(run.id, command),
    )


def asked(run: Run, command: str) -> bool:
    """Whether somebody has a wish that no worker has carried out yet."""
    return (run.folder / COMMANDS / command).exists()


def doing(run: Run, progress: Progress) -> str:
    """What a training at work is doing right now."""
    if asked(run, STOP):
        return _("Stopping; what it has learned is kept …")
    if asked(run, PAUSE):
        return _("Pausing; where it stands is kept …")
    if not progress.epochs:
        return _("Loading the images …")
    if progress.fraction >= 1:
        return _("Looking at the test images …")
    text = _("Epoch {epoch} of {epochs}").format(
        epoch=max(1, progress.epoch), epochs=progress.epochs
    )
    if progress.seconds_left is not None:
        text += " · " + _("{time} left").format(time=run_words.duration(progress.seconds_left))
    return text


def _learning_rate(run: Run, progress: Progress, disabled: bool) -> None:
    """Four factors and a number. A schedule goes on from the new rate."""
    usual = float(run.config.get("learning_rate", 1e-3))
    rate = progress.learning_rate or usual
    with st.popover(
        _("Learning rate"), icon=":material/speed:", key="rate-training", disabled=disabled
    ):
        if asked(run, LEARNING_RATE):
            st.markdown(_("The new learning rate is on its way …"))
        else:
            st.markdown(
                _("Each step is **{rate}** times the slope. Change it and watch the curve.").format(
                    rate=f"{rate:.3g}"
                )
            )
        with st.container(horizontal=True):
            for key, (label, factor) in _FACTORS.items():
                wanted = float(f"{rate * factor:.3g}")
                st.button(
                    label,
                    key=key,
                    help=f"{wanted:.3g}",
                    on_click=_set_rate,
                    args=(run.id, wanted),
                )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            key = f"rate-typed-{run.id}"
            st.number_input(
                _("Another one"),
                min_value=1e-7,
                max_value=1e6,
                value=usual,
                format="%g",
                key=key,
                width=170,
            )
            st.button(
                _("Set"),
                key="rate-set",
                on_click=lambda: _set_rate(run.id, st.session_state[key]),
            )


def _set_rate(run_id: str, rate: float) -> None:
    _attempt(run_id, lambda run, owner: run.request_learning_rate(rate, owner))


def _attempt(run_id: str, command: Callable[[Run, str], object]) -> None:
    """Do it in this person's name; what went wrong is shown below the controls."""
    try:
        run = Run(run_id)
        command(run, acting_owner(run))
    except CnnvizError as error:
        st.session_state[_FAILURE] = error


def _show_failure() -> None:
    if error := st.session_state.pop(_FAILURE, None):
        frame.show_error(error)
