"""What can be done with a training: look inside, keep, try again, go on, rename, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from cnnviz.compute import defaults
from cnnviz.errors import CnnvizError
from cnnviz.runs.run import Run, delete_run, make_model
from cnnviz.training.launch import resume_training
from cnnviz.ui import address, downloads, frame, run_words, training_settings
from cnnviz.ui.language import _, n_
from cnnviz.ui.owner import acting_owner, current_owner, may_change
from cnnviz.ui.plain_text import plain

_LONGEST_TITLE = 80
_FAILURE = "run-failure"


def heading(run: Run) -> None:
    """The title, and for those who may a way to change it in its place."""
    editing = f"renaming-{run.id}"
    title = run_words.title_of(run)
    if not st.session_state.get(editing):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(plain(title), anchor=False, width="content")
            if may_change(run):
                st.button(
                    _("Rename"),
                    key="rename-run",
                    icon=":material/edit:",
                    type="tertiary",
                    on_click=lambda: st.session_state.update({editing: True}),
                )
        return
    key = f"title-{run.id}"
    with st.form(f"rename-{run.id}", border=False):
        st.text_input(_("Name"), run.title, max_chars=_LONGEST_TITLE, key=key)
        st.caption(_("An empty name brings the one of its settings back."))
        with st.container(horizontal=True):
            st.form_submit_button(
                _("Save"), type="primary", on_click=_rename, args=(run.id, key, editing)
            )
            st.form_submit_button(_("Cancel"), on_click=lambda: st.session_state.pop(editing, None))


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
    if status == "lost" and may_change(run) and not run.parent:
        st.button(
            _("Go on"),
            key="resume-training",
            type="primary",
            icon=":material/play_arrow:",
            on_click=_attempt,
            args=(resume_training, run.id),
        )
    show_failure()


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


def download(run: Run) -> None:
    """Settings, diary, weights and network as a zip, straight from the disk."""
    st.link_button(
        _("Download"),
        downloads.address_of_archive(run),
        icon=":material/download:",
        help=_(
            "A zip with its settings, its curves, the weights of every kept moment and, once it "
            "has ended, the network."
        ),
    )


def delete(runs: Sequence[Run]) -> None:
    """Delete ended or resting runs that this person may delete, asked once more."""
    runs = [run for run in runs if may_change(run) and not run.active]
    if not runs:
        return
    # its own key for every choice: an open one must not offer the next run for deletion
    key = "-".join(run.id[:8] for run in runs[:8]) if len(runs) > 1 else runs[0].id
    label = _("Delete") if len(runs) == 1 else _("Delete {count}").format(count=len(runs))
    with st.popover(label, icon=":material/delete:", key=f"delete-{key}"):
        if len(runs) == 1:
            st.markdown(
                _("Its curves and its network go for good. Models that you kept of it stay.")
            )
        else:
            st.markdown(
                n_(
                    "The curves and the network of {count} training go for good.",
                    "The curves and the networks of {count} trainings go for good.",
                    len(runs),
                )
                + " "
                + _("Models that you kept of them stay.")
            )
            st.markdown("\n".join(f"- {plain(run_words.title_of(run))}" for run in runs))
        sure = _("Yes, delete it") if len(runs) == 1 else _("Yes, delete them")
        if st.button(sure, key="delete-run", type="primary"):
            _delete(runs)


def several(runs: Sequence[Run]) -> None:
    """Buttons that do the same to all of ``runs`` that this person may change."""
    mine = [run for run in runs if may_change(run)]
    status = {run.id: run.status for run in mine}
    for key, label, icon, wanted, action in (
        ("resume", _("Go on"), "play_arrow", ("paused", "lost"), resume_training),
        ("pause", _("Pause"), "pause_circle", ("waiting", "starting", "running"), _pause),
        ("stop", _("Stop"), "stop_circle", ("waiting", "starting", "running", "paused"), _stop),
    ):
        those = [run.id for run in mine if status[run.id] in wanted]
        if those:
            st.button(
                label if len(those) == 1 else f"{label} ({len(those)})",
                key=f"{key}-several",
                icon=f":material/{icon}:",
                on_click=_attempt,
                args=(action, *those),
            )
    delete(mine)


def quick(run: Run) -> None:
    """Small buttons beside a run at work: pause, stop, go on."""
    status = run.status
    if not may_change(run):
        return
    if status in ("paused", "lost"):
        _small(run, "resume", _("Go on"), "play_arrow", resume_training)
    if status in ("starting", "running"):
        _small(run, "pause", _("Pause"), "pause_circle", _pause)
    if status in ("waiting", "starting", "running", "paused"):
        _small(run, "stop", _("Stop"), "stop_circle", _stop)


def show_failure() -> None:
    """Why the last thing that was tried did not work."""
    if error := st.session_state.pop(_FAILURE, None):
        frame.show_error(error)


def _small(
    run: Run, name: str, label: str, icon: str, action: Callable[[str, str], object]
) -> None:
    st.button(
        label,
        key=f"{name}-{run.id}",
        icon=f":material/{icon}:",
        on_click=_attempt,
        args=(action, run.id),
    )


def _pause(run_id: str, owner: str) -> None:
    Run(run_id).request_pause(owner)


def _stop(run_id: str, owner: str) -> None:
    Run(run_id).request_stop(owner)


def _rename(run_id: str, key: str, editing: str) -> None:
    title = st.session_state.get(key, "")
    _attempt(lambda run, owner: Run(run).rename(title, owner), run_id)
    st.session_state.pop(editing, None)


def _delete(runs: Sequence[Run]) -> None:
    opened = address.value("model", defaults.MODEL)
    for run in runs:
        try:
            delete_run(run.id, acting_owner(run))
        except CnnvizError as error:
            frame.show_error(error)
            return
        if opened.startswith(f"run:{run.id}"):
            address.choose("model", None)
    for name in ("run", "runs"):
        address.choose(name, None)
    st.rerun()


def _open(run: Run, page: str) -> None:
    address.choose("model", run.reference)
    for name in ("image", "layer", "channel", "classes"):
        address.choose(name, None)
    st.switch_page(page)


def _keep(run_id: str) -> None:
    try:
        reference = make_model(run_id, current_owner())
    except CnnvizError as error:
        st.session_state[_FAILURE] = error
        return
    st.session_state["kept-runs"][run_id] = reference
    st.toast(_("Kept. You find it on the page Models and in the list of models on the left."))


def _attempt(action: Callable[[str, str], object], *run_ids: str) -> None:
    """Do it to each run in this person's name; what went wrong is shown with the outcome."""
    for run_id in run_ids:
        try:
            action(run_id, acting_owner(Run(run_id)))
        except CnnvizError as error:
            st.session_state[_FAILURE] = error
