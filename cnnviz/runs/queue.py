"""The queue of trainings: one small file a run, there from Start until the run has ended.

The file is a promise: whatever happens to processes and machines, the run is to be carried out.
Whose turn it is is the business of ``turns``, who carries it out that of ``cnnviz.training``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnviz import storage
from cnnviz.runs import locks

FOLDER, LOCK = "queue", "lock"


def enqueue(run_id: str) -> None:
    """Put a run at the end of the queue, or leave it where it is."""
    if not _entry(run_id).exists():
        requeue(run_id)


def requeue(run_id: str) -> None:
    """Put a run at the end of the queue, wherever it is: it has had its turn."""
    # A clock that was set back must not bring it before those who wait already.
    last = max((arrival for arrival, _run in _arrivals()), default=0.0)
    storage.write_whole(_entry(run_id), f"{max(time.time(), last + 1e-6):.6f}".encode())


def withdraw(run_id: str) -> None:
    """Take a run out: it has ended, rests, or was deleted."""
    _entry(run_id).unlink(missing_ok=True)


def is_queued(run_id: str) -> bool:
    return _entry(run_id).exists()


def queued() -> list[str]:
    """The ids of the runs in the queue, those at work too, in the order of their arrival."""
    return [run_id for _arrival, run_id in sorted(_arrivals())]


def _arrivals() -> list[tuple[float, str]]:
    found = []
    for path in folder().iterdir():
        if not storage.is_id(path.name):
            continue
        try:
            found.append((float(path.read_text()), path.name))
        except (OSError, ValueError):  # gone meanwhile
            continue
    return found


@contextmanager
def locked() -> Iterator[None]:
    """Be the only one who hands out turns and slots; others wait (for milliseconds)."""
    descriptor = locks.take_file(folder() / LOCK, patience=float("inf"))
    try:
        yield
    finally:
        locks.let_go(descriptor)


def folder() -> Path:
    """Where the queue is kept, made when it is missing."""
    path = storage.home() / FOLDER
    path.mkdir(exist_ok=True)
    return path


def _entry(run_id: str) -> Path:
    return folder() / run_id
