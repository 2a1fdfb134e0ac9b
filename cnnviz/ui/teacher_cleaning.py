"""What a teacher can do for one person or all: stop trainings, make room, and take that back."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from cnnviz import ageing, belongings, clearing, quotas
from cnnviz.belongings import Thing
from cnnviz.errors import CnnvizError
from cnnviz.runs.run import TEACHER
from cnnviz.training.launch import stop_training
from cnnviz.ui import sentences
from cnnviz.ui.language import _, n_
from cnnviz.ui.plain_text import plain
from cnnviz.ui.teacher import name_of
from cnnviz.ui.teacher_people import Class, Person, look

_SAID = "_teacher-said"  # in this session's state: what the last button did
_ASIDE = "_teacher-aside"  # … what was removed, and when
_NOT_ONE = "note"


def said() -> None:
    """What the last button did, and a way back for what it removed."""
    for sentence in st.session_state.pop(_SAID, []):
        st.success(sentence, icon=":material/check:")
    taken, when = st.session_state.get(_ASIDE, ((), 0.0))
    if taken and time.time() - when < clearing.UNDO_S:
        text = _("{things} can be brought back for a quarter of an hour.")
        with st.container(horizontal=True, vertical_alignment="center", key="undo-cleaning"):
            st.markdown(text.format(things=_weighed(taken)))
            st.button(_("Bring back"), key="bring-back", on_click=_bring_back)
            st.button(_("Free the room now"), key="free-now", on_click=_free)


def for_one(person: Person, pending: Sequence[str]) -> None:
    """Stop one person's trainings; remove some of their things."""
    kinds = [k for k in belongings.KINDS if k != _NOT_ONE and person.count(k)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if pending:
            st.button(
                n_("Stop {count} training", "Stop {count} trainings", len(pending)),
                key="stop-theirs",
                icon=":material/stop_circle:",
                on_click=_stop,
                args=(tuple(pending),),
            )
        if kinds:
            chosen = st.multiselect(
                _("Remove"),
                kinds,
                key=f"clean-{person.owner}",
                placeholder=_("choose what is to go"),
                format_func=lambda kind: _("{kind}: {count}, {size}").format(
                    kind=_(belongings.KINDS[kind]),
                    count=person.count(kind),
                    size=quotas.megabytes(person.size_of(kind)),
                ),
            )
            ended = [t for t in person.things if t.identifier not in pending]
            _sure([t for t in ended if t.kind in chosen], name_of(person.owner))


def for_all(found: Class) -> None:
    """Stop everything; remove what is old."""
    pending = tuple(run for runs in found.pending.values() for run in runs)
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover(
            _("Stop all trainings"), icon=":material/stop_circle:", disabled=not pending
        ):
            st.markdown(_("Each keeps what it has learned so far."))
            st.button(
                n_("Yes, stop {count} training", "Yes, stop {count} trainings", len(pending)),
                key="stop-all",
                type="primary",
                on_click=_stop,
                args=(pending,),
            )
        st.button(
            _("Remove what is old now"),
            key="age-out",
            icon=":material/auto_delete:",
            on_click=_age_out,
            help=_(
                "Uploaded images and files that nobody has opened for {days} days and that no "
                "model and no training needs, and what was never finished. It happens by itself "
                "every ten minutes too."
            ).format(days=f"{ageing.keep_days() or 0:g}"),
        )


def _sure(things: list[Thing], name: str) -> None:
    with st.popover(_("Remove …"), icon=":material/delete:", disabled=not things):
        text = _("Of **{name}**: {things}. Trainings that wait or are at work stay.")
        st.markdown(text.format(name=plain(name), things=_weighed(things)))
        st.button(
            _("Yes, remove them"),
            key="sure-clean",
            type="primary",
            on_click=_remove,
            args=(things,),
        )


def _weighed(things: Sequence[Thing]) -> str:
    """“12 things (3.4 MB)”."""
    count = n_("{count} thing", "{count} things", len(things))
    return f"{count} ({quotas.megabytes(sum(thing.size for thing in things))})"


def _stop(runs: Sequence[str]) -> None:
    stopped, problems = 0, []
    for run in runs:
        try:
            stop_training(run, TEACHER)
            stopped += 1
        except CnnvizError as error:  # it has ended, or was deleted, in this moment
            problems.append(sentences.in_words(error))
    words = n_(
        "{count} training is being stopped.", "{count} trainings are being stopped.", stopped
    )
    _tell(words, *problems)


def _remove(things: Sequence[Thing]) -> None:
    taken = clearing.set_aside(things)
    if taken:  # what was removed a moment ago can still be brought back as well
        before, when = st.session_state.get(_ASIDE, ((), 0.0))
        recent = before if time.time() - when < clearing.UNDO_S else ()
        st.session_state[_ASIDE] = [*recent, *taken], time.time()
    _tell(n_("{count} thing was removed.", "{count} things were removed.", len(taken)))


def _bring_back() -> None:
    taken, _when = st.session_state.get(_ASIDE, ((), 0.0))
    try:
        back = clearing.bring_back(taken)
    except CnnvizError as error:  # no room: once there is some, the rest can still come back
        _tell(sentences.in_words(error))
        return
    st.session_state.pop(_ASIDE, None)
    _tell(n_("{count} thing is back.", "{count} things are back.", len(back)))


def _free() -> None:
    st.session_state.pop(_ASIDE, None)
    _tell(_("{size} are free again.").format(size=quotas.megabytes(clearing.free())))


def _age_out() -> None:
    gone = ageing.age_out()
    words = n_("{count} old thing was removed", "{count} old things were removed", gone.things)
    _tell(f"{words} ({quotas.megabytes(gone.size)}).")


def _tell(*sentences_: str) -> None:
    st.session_state[_SAID] = sentences_
    look(afresh=True)
