"""Who is asking: the owner id behind this browser's cookie (set by :mod:`cnnviz.ui.server`).

A teacher who knows the key in ``$CNNVIZ_TEACHER_KEY`` may do with any training what its owner may.
"""

from __future__ import annotations

import hashlib
import hmac
import os

import streamlit as st

from cnnviz.runs.run import TEACHER, Run
from cnnviz.storage import LOCAL_OWNER

COOKIE = "cnnviz_owner"
KEY = "CNNVIZ_TEACHER_KEY"
_PROOF = "_teacher_proof"  # in this session's state: a digest of the key that was typed


def current_owner() -> str:
    """An id that names the person in stored files; never the cookie itself, which is the key."""
    cookie = st.context.cookies.get(COOKIE)
    if not cookie:
        return LOCAL_OWNER
    return hashlib.sha256(cookie.encode()).hexdigest()[:24]


def acting_owner(run: Run) -> str:
    """In whose name this person may act on a run: their own, or the teacher's for other people's.

    Pass it to everything that changes a run (``request_stop``, ``resume_training``, …).
    """
    owner = current_owner()
    return TEACHER if run.owner != owner and is_teacher() else owner


def may_change(run: Run) -> bool:
    """Whether this person may stop, pause or delete the run."""
    return run.owner == current_owner() or is_teacher()


def teacher_possible() -> bool:
    """Whether a teacher's key is set on this server."""
    return bool(os.environ.get(KEY))


def is_teacher() -> bool:
    """Whether the teacher's key was given in this session."""
    return teacher_possible() and st.session_state.get(_PROOF) == _digest(os.environ[KEY])


def become_teacher(key: str) -> bool:
    """Try a key; the comparison takes as long for a wrong one as for the right one."""
    wanted = _digest(os.environ.get(KEY, ""))
    if not teacher_possible() or not hmac.compare_digest(_digest(key), wanted):
        return False
    st.session_state[_PROOF] = wanted
    return True


def stop_being_teacher() -> None:
    """Forget the key in this session."""
    st.session_state.pop(_PROOF, None)


def _digest(key: str) -> str:
    return hashlib.sha256(key.strip().encode()).hexdigest()
