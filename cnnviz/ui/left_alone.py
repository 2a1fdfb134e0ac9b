"""Long computations end when nobody is there any more to wait for them.

A session outlives its tab for minutes, so that a tab that lost its connection can come back; its
questions would keep a worker from others as long.
"""

from __future__ import annotations

import threading
import weakref

from cnnviz.compute.engine import Question
from cnnviz.ui import presence

PATIENCE_S = 10.0  # without any tab: a reload, a short loss of the connection

_lock = threading.Lock()
_watched: weakref.WeakKeyDictionary[Question, str] = weakref.WeakKeyDictionary()


def watch(question: Question, owner: str) -> None:
    """End this question when its owner's last tab has been closed."""
    with _lock:
        _watched[question] = owner


def end() -> None:
    """End the questions of everybody who has left; the web server calls it every second."""
    with _lock:
        watched = list(_watched.items())
    for question, owner in watched:
        if question.done:
            with _lock:
                _watched.pop(question, None)
        elif presence.left(owner, PATIENCE_S):
            question.cancel()
