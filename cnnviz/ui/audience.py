"""How many people watch trainings right now, and how often each of them may look.

A look costs the web process about ten milliseconds, most of it Streamlit's own: what is smooth for
one person would keep sixty waiting.
"""

from __future__ import annotations

import random
import threading
import time
import zlib

from streamlit.runtime.scriptrunner import get_script_run_ctx

PACES = ((15, 0.7), (30, 1.0))  # (up to so many people, seconds between two looks of each)
CROWD = 1.5  # seconds, for more
SPREAD = 0.2  # share of the pace
GENTLY = 0.1  # share of those with an old pace who change it at a look
_STAYS_S = 10.0  # somebody who has not looked for so long has gone; a busy moment is no leaving

_looks: dict[str, float] = {}
_lock = threading.Lock()


def look() -> None:
    """This session watches."""
    context = get_script_run_ctx()
    if context is not None:
        with _lock:
            _looks[context.session_id] = time.monotonic()


def outgrown(own: float) -> bool:
    """Whether this session should change from the pace ``own`` to today's, which draws its page.

    One in ten says so at each look: thirty pages drawn at once would keep everybody waiting.
    """
    return own != pace() and random.random() < GENTLY


def pace() -> float:
    """Seconds between two looks of this session, for as many people as are watching.

    A little different for everybody: a class that has pressed a button together would look in step.
    """
    context = get_script_run_ctx()
    own = zlib.crc32(context.session_id.encode()) / 2**32 if context else 0.5
    since = time.monotonic() - _STAYS_S
    with _lock:
        for session in [s for s, at in _looks.items() if at < since]:
            del _looks[session]
        people = len(_looks)
    seconds = next((seconds for most, seconds in PACES if people <= most), CROWD)
    return seconds * (1 + SPREAD * (own - 0.5))
