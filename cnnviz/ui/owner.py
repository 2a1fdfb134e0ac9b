"""Who is asking: the owner id behind this browser's cookie (set by :mod:`cnnviz.ui.server`).

A teacher who knows the key in ``$CNNVIZ_TEACHER_KEY`` may do with any training what its owner may.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from urllib.parse import urlsplit

import streamlit as st
from starlette.responses import Response

from cnnviz.runs.run import TEACHER, Run
from cnnviz.storage import LOCAL_OWNER
from cnnviz.ui.server_key import sign
from cnnviz.ui.tries import Tries, network_of

COOKIE = "cnnviz_owner"
KEY = "CNNVIZ_TEACHER_KEY"
RETURN = "/return"  # the address of ``return_link``
_COOKIE = re.compile(r"[A-Za-z0-9_-]{32}")
_YEAR_S = 365 * 24 * 3600
_PROOF = "_teacher_proof"  # in this session's state: a digest of the key that was typed

_tries = Tries()


def current_owner() -> str:
    """An id that names the person in stored files; never the cookie itself, which is the key."""
    return owner_of(st.context.cookies.get(COOKIE) or "")


def owner_of(cookie: str) -> str:
    """The owner id that a cookie stands for: 96 bits of its digest."""
    return hashlib.sha256(cookie.encode()).hexdigest()[:24] if cookie else LOCAL_OWNER


def new_cookie() -> str:
    """A cookie for somebody new: 192 random bits."""
    return secrets.token_urlsafe(24)


def is_cookie(text: str) -> bool:
    """Whether this could be a cookie that :func:`new_cookie` made."""
    return _COOKIE.fullmatch(text) is not None


def link_of(cookie: str) -> str:
    """What follows the server's address in the private link of whoever has this cookie.

    What stands behind the ``#`` is never sent by browsers: see ``return_link``.
    """
    return f"{RETURN}#{cookie}.{sign('return', cookie)}"


def private_link() -> str | None:
    """The whole link that brings this person's things back; None where no cookie is kept."""
    cookie = st.context.cookies.get(COOKIE) or ""
    parts = urlsplit(st.context.url or "")
    if not is_cookie(cookie) or not parts.netloc:
        return None
    return f"{parts.scheme}://{parts.netloc}{link_of(cookie)}"


def set_cookie(answer: Response, cookie: str, secure: bool = False) -> None:
    """Send a browser its cookie: no script can read it, and no other site has it sent."""
    answer.set_cookie(COOKIE, cookie, max_age=_YEAR_S, httponly=True, samesite="lax", secure=secure)


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
    """Try a key; the comparison takes as long for a wrong one as for the right one.

    After several wrong ones from one address even the right one has to wait (``key_wait_s``).
    """
    if not teacher_possible() or key_wait_s() > 0:
        return False
    wanted = _digest(os.environ.get(KEY, ""))
    if not hmac.compare_digest(_digest(key), wanted):
        _tries.wrong(_network())
        return False
    st.session_state[_PROOF] = wanted
    return True


def key_wait_s() -> float:
    """Seconds until another key is looked at: after several wrong ones nobody may go on at once."""
    return _tries.wait_s(_network())


def _network() -> str:
    return network_of(st.context.ip_address or "")


def stop_being_teacher() -> None:
    """Forget the key in this session."""
    st.session_state.pop(_PROOF, None)


def _digest(key: str) -> str:
    return hashlib.sha256(key.strip().encode()).hexdigest()
