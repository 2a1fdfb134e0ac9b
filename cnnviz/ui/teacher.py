"""The teacher's way in: a key, typed once a session, with which everybody's trainings are listed.

Nothing of this is shown on a server where no key is set (``CNNVIZ_TEACHER_KEY``).
"""

from __future__ import annotations

import hashlib
import math
import time

import streamlit as st

from cnnviz.runs.run import Run, list_runs
from cnnviz.storage import LOCAL_OWNER
from cnnviz.ui import address
from cnnviz.ui.language import _, n_
from cnnviz.ui.owner import (
    become_teacher,
    current_owner,
    is_teacher,
    key_wait_s,
    stop_being_teacher,
    teacher_possible,
)

_WRONG_KEY_S = 1.0  # a wrong key costs a second, so that nobody tries them all


def runs_to_list() -> list[Run]:
    """One's own runs; for a teacher who wants so, everybody's."""
    return list_runs(None if everybody() else current_owner())


def everybody() -> bool:
    """Whether everybody's trainings are listed."""
    return is_teacher() and address.value("whose", "mine", valid=("mine", "all")) == "all"


def draw() -> None:
    """The entry; for somebody who has come in, the choice of whose trainings are listed."""
    if not teacher_possible():
        return
    with st.container(horizontal=True, vertical_alignment="center", key="teacher"):
        if is_teacher():
            address.widget(
                st.segmented_control,
                _("Whose trainings"),
                ["mine", "all"],
                "whose",
                "mine",
                format_func={"mine": _("mine"), "all": _("everybody's")}.__getitem__,
                label_visibility="collapsed",
            )
            st.caption(_("You are the teacher until you close or reload this tab."))
            st.button(
                _("No longer"), key="teacher-leave", type="tertiary", on_click=stop_being_teacher
            )
            return
        st.caption(_("To your teacher you are **{name}**.").format(name=name_of(current_owner())))
        with st.popover(_("I am the teacher"), icon=":material/school:", type="tertiary"):
            entry()


def entry() -> None:
    """The form that asks for the key."""
    with st.form("teacher-entry", border=False):
        st.text_input(_("The teacher's key"), type="password", key="teacher-key")
        st.caption(
            _(
                "It counts in this tab until you close or reload it. With it you see, pause, stop "
                "and delete everybody's trainings."
            )
        )
        tried = st.form_submit_button(_("Come in"), type="primary")
    if not tried:
        return
    if become_teacher(st.session_state.get("teacher-key", "")):
        address.choose("whose", "all")
        st.rerun()
    if wait := math.ceil(key_wait_s()):
        st.error(
            n_(
                "There were too many wrong keys from here. Try again in {count} second.",
                "There were too many wrong keys from here. Try again in {count} seconds.",
                wait,
            )
        )
        return
    time.sleep(_WRONG_KEY_S)
    st.error(_("That is not the key. Whoever set this server up knows it."))


def name_of(owner: str) -> str:
    """A short name for a person whom nobody knows by name: a colour and a number."""
    if owner == LOCAL_OWNER:
        return _("this machine itself")
    number = int.from_bytes(hashlib.sha256(f"name of {owner}".encode()).digest()[:6], "big")
    colours = (
        _("red"),
        _("pink"),
        _("yellow"),
        _("green"),
        _("blue"),
        _("violet"),
        _("brown"),
        _("black"),
        _("white"),
        _("grey"),
    )
    return _("{colour} {number}").format(
        colour=colours[number % len(colours)], number=number // len(colours) % 9000 + 1000
    )
