"""Clearing up for others: what a teacher removes is set aside first, and can be brought back.

A thing that is set aside lies beside its place as ``.aside-<id>``, where nothing finds it, until
:func:`free` deletes it for good: by itself after ``UNDO_S``, or when room is needed at once.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from cnnviz import quotas, storage
from cnnviz.belongings import NOTE, Thing
from cnnviz.errors import NotFound
from cnnviz.runs import locks, queue, trials

UNDO_S = 900.0
_AREAS = ("uploads", "models", "runs")
_ASIDE = ".aside-"


def set_aside(things: Iterable[Thing]) -> list[Thing]:
    """Take things out of everybody's sight; returns those that it could take.

    A training at work stays, and so do notes, which weigh nothing.
    """
    return [thing for thing in things if thing.identifier != NOTE and _set_aside(thing)]


def bring_back(things: Iterable[Thing]) -> list[Thing]:
    """Put them where they were; returns those that were still there.

    Raises:
        OverQuota: their owner has filled the room meanwhile.
    """
    back = []
    for thing in things:
        folder = thing.folder
        if not _aside(folder).exists():  # it is back, or gone for good
            continue
        with quotas.room(thing.owner, thing.size), contextlib.suppress(OSError):
            _aside(folder).rename(folder)
            back.append(thing)
            for trial in _trials(thing, folder):
                with contextlib.suppress(OSError):
                    _aside(trial).rename(trial)
    return back


def free(older_than_s: float = 0.0) -> int:
    """Delete for good what was set aside so long ago; returns the bytes."""
    before, freed = time.time() - older_than_s, 0
    for area in _AREAS:
        for path in storage.area(area).glob(f"{_ASIDE}*"):
            try:
                if path.stat().st_mtime <= before:
                    # Out of reach at once: what is brought back in this moment must be whole.
                    gone = path.with_name(f".gone-{path.name.removeprefix(_ASIDE)}")
                    path.rename(gone)
                    freed += sum(p.stat().st_size for p in gone.rglob("*") if p.is_file())
                    shutil.rmtree(gone, ignore_errors=True)
            except FileNotFoundError:  # brought back in this moment
                continue
    return freed


def delete(thing: Thing) -> bool:
    """Delete for good; False where it is gone already, or a training at work."""
    if not _set_aside(thing):
        return False
    aside = _aside(thing.folder)
    for folder in [*map(_aside, _trials(thing, aside)), aside]:
        shutil.rmtree(folder, ignore_errors=True)
    return True


def _trials(thing: Thing, folder: Path) -> list[Path]:
    """Where the trials of a search belong, which lies in ``folder`` now."""
    if thing.kind != "run":
        return []
    return [storage.area("runs") / trial.run for trial in trials.listed(folder)]


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{_ASIDE}{folder.name}")


def _set_aside(thing: Thing) -> bool:
    with contextlib.suppress(NotFound, OSError):
        folder = storage.entry(thing.folder.parent.name, thing.identifier)
        lock = locks.take(folder, patience=0.1) if thing.kind == "run" else None
        if thing.kind == "run" and lock is None:
            return False
        try:
            queue.withdraw(thing.identifier)
            os.utime(folder)  # from now on
            for trial in _trials(thing, folder):
                with contextlib.suppress(FileNotFoundError):
                    os.utime(trial)
                    trial.rename(_aside(trial))
            folder.rename(_aside(folder))
            return True
        finally:
            if lock is not None:
                locks.let_go(lock)
    return False
