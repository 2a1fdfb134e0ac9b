"""What can be done with a training: look inside, keep, try again, go on, delete."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cnnviz.compute import defaults
from cnnviz.errors import CnnvizError
from cnnviz.runs.run import Run, delete_run, make_model
from cnnviz.training.launch import resume_training
from cnnviz.ui import address, frame, run_words, training_settings
from cnnviz.ui.language import _
from cnnviz.ui.owner import current_owner


def outcome(run: Run) -> None:
    """How an ended run ended, in words; one that broke off can go on."""
    status = run.status
    if error := run.error:
        frame.show_error(error)
    words = run_words.outcome_words(run, status)
    if status == "failed" and not error:
        words = _("The training failed.")
    if words:
        st.markdown(words)
    if status == "lost" and run.owner == current_owner():
        st.button(
            _("Go on"),
            key="resume-training",
            type="primary",
            icon=":material/play_arrow:",
            on_click=_attempt,
            args=(resume_training, run.id),
        )
    _show_failure()


def ways_in(run: Run) -> None:
    """The buttons that lead from an ended training to what its network has become."""
    if not has_network(run):
        return
    if st.button(
        _("Look inside it"), key="look-inside", type="primary", icon=":material/visibility:"
    ):
        _open(run, "pages/home.py")
    if st.button(_("How good is it?"), key="evaluate-run", icon=":material/grid_on:"):
        _open(run, "pages/evaluation.py")
    kept = st.session_state.setdefault("kept-runs", {})
    if run.id in kept:
        st.button(_("Kept as a model"), key="kept-model", icon=":material/check:", disabled=True)
    else:
        st.button(
            _("Keep it as a model"),
            key="keep-model",
            icon=":material/bookmark_add:",
            on_click=_keep,
            args=(run.id,),
            help=_("A copy that stays when the training is deleted. The page Models lists it."),
        )


def has_network(run: Run) -> bool:
    """Whether the run has ended with a network that pages can open."""
    return (run.folder / "model.keras").is_file()


def try_again(run: Run) -> None:
    """The page Train with the settings of this run."""
    if st.button(_("Try again with changes"), key="try-again", icon=":material/tune:"):
        training_settings.adopt(run.config)
        address.choose("run", None)
        st.switch_page("pages/train.py")


def delete(run: Run) -> None:
    """Delete one's own ended run, asked once more."""
    if run.owner != current_owner():
        return
    # its own key for every run: an open one must not offer the next run for deletion
    with st.popover(_("Delete"), icon=":material/delete:", key=f"delete-{run.id}"):
        st.markdown(_("Its curves and its network go for good. Models that you kept of it stay."))
        if st.button(_("Yes, delete it"), key="delete-run", type="primary"):
            opened = address.value("model", defaults.MODEL)
            try:
                delete_run(run.id, current_owner())
            except CnnvizError as error:
                frame.show_error(error)
                return
            for name in ("run", "runs"):
                address.choose(name, None)
            if opened.startswith(f"run:{run.id}"):
                address.choose("model", None)
            st.rerun()


def _open(run: Run, page: str) -> None:
    address.choose("model", run.reference)
    for name in ("image", "layer", "channel", "classes"):
        address.choose(name, None)
    st.switch_page(page)


def _keep(run_id: str) -> None:
    if reference := _attempt(make_model, run_id):
        st.session_state["kept-runs"][run_id] = reference
        st.toast(_("Kept. You find it on the page Models and in the list of models on the left."))


def _attempt(action: Callable[[str, str], object], run_id: str) -> object:
    """Do it for this person; what went wrong is shown with the outcome."""
    try:
        return action(run_id, current_owner())
    except CnnvizError as error:
        st.session_state["run-failure"] = error
        return None


def _show_failure() -> None:
    if error := st.session_state.pop("run-failure", None):
        frame.show_error(error)
