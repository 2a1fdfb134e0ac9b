"""The queue of trainings: one small file a run, there from Start until the run has ended.

The file is a promise: whatever happens to processes and machines, the run is to be carried out.
Whose turn it is and who carries it out is the business of others.
"""

from __future__ import annotations

import time
from pathlib import Path

from cnnviz import storage

FOLDER = "queue"


def enqueue(run_id: str) -> None:
    """Put a run at the end of the queue, or leave it where it is."""
    path = _entry(run_id)
    if not path.exists():
        storage.write_whole(path, f"{time.time():.6f}".encode())


def withdraw(run_id: str) -> None:
    """Take a run out: it has ended, rests, or was deleted."""
    _entry(run_id).unlink(missing_ok=True)


def is_queued(run_id: str) -> bool:
    return _entry(run_id).exists()


def queued() -> list[str]:
    """The ids of the runs in the queue, those at work too, in the order of their arrival."""
    found = []
    for path in _folder().iterdir():
        if path.name.startswith("."):
            continue
        try:
            found.append((float(path.read_text()), path.name))
        except (OSError, ValueError):  # gone meanwhile
            continue
    return [run_id for _arrival, run_id in sorted(found)]


def _folder() -> Path:
    path = storage.home() / FOLDER
    path.mkdir(exist_ok=True)
    return path


def _entry(run_id: str) -> Path:
    return _folder() / run_id
