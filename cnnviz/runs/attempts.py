"""How often a run was tried in vain: a run that kills its worker must not do so for ever.

A worker notes that it begins and takes the note back when it leaves by itself. A note that is
still there tells that the worker before was killed; it counts for as long as the run has not got
beyond the state that it was tried from.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from cnnviz import storage
from cnnviz.errors import CnnvizError, NotPossible

FILE = "attempts.json"
STATE = Path("resume") / "state.npz"  # written anew whenever the training gets further
SEARCHED = Path("oracle.json")  # likewise of a search
ENOUGH = 5  # a long first epoch may meet three accidents; what is too large meets any number


def in_vain(folder: Path) -> int:
    """How many workers have died at this run without getting further."""
    try:
        note = json.loads((folder / FILE).read_text())
    except (OSError, ValueError):  # never tried; or a disk that was full
        return 0
    return note["tries"] if note["state"] == _state(folder) else 0


def has_begun(folder: Path) -> bool:
    """Whether it has learned something that can be gone on from."""
    return _state(folder) > 0


def is_under_way(folder: Path) -> bool:
    """Whether a worker has begun and not left: it is at work, or was killed."""
    return (folder / FILE).exists()


def reason(count: int) -> CnnvizError:
    """Why a run failed at which so many workers have died."""
    return NotPossible(
        "The program that did the work was ended from outside {count} times without getting "
        "further, most likely because this machine has too little memory. Smaller batches, a "
        "smaller network or fewer images need less.",
        count=count,
    )


def begin(folder: Path) -> None:
    """Note that a worker begins."""
    note = {"tries": in_vain(folder) + 1, "state": _state(folder)}
    with contextlib.suppress(OSError):  # a full disk: the training will say so
        storage.write_whole(folder / FILE, json.dumps(note).encode())


def leave(folder: Path) -> None:
    """Take the note back: the worker has not died."""
    (folder / FILE).unlink(missing_ok=True)


def _state(folder: Path) -> int:
    """Tells one kept state from another: the nanosecond it was written in, 0 without one."""
    for file in (STATE, SEARCHED):
        with contextlib.suppress(FileNotFoundError):
            return (folder / file).stat().st_mtime_ns
    return 0
