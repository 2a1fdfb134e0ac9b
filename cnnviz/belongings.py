"""What belongs to whom: everything that is kept, with its owner, its size and when it was used.

One look at ``$CNNVIZ_HOME`` serves quotas, a person's own list, the teacher's and ageing. Sizes are
remembered for as long as a folder does not change, so that a look costs a few calls an entry.
"""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from cnnviz import storage
from cnnviz.texts import N_

# In the order in which they are shown.
KINDS: dict[str, str] = {
    "image": N_("images"),
    "dataset": N_("data sets"),
    "model": N_("models"),
    "run": N_("trainings"),
    "file": N_("brought files"),
    "note": N_("notes"),
}
PARENT = "search"  # in a training's owner.json: the search that it is a trial of
NOTE = "notes"  # stands in for an id: marks and class maps of one person are one thing

_USED_FILES = {"uploads": "meta.json", "models": "owner.json", "runs": "owner.json"}
_RUN_FOLDERS = ("checkpoints", "insights", "resume", "tensorboard")
_TOUCH_EVERY_S = 3600.0
_LARGEST_NOTE = 64 * 2**20


@dataclass(frozen=True)
class Thing:
    """Something that a person keeps. ``kind`` is a key of ``KINDS``; times are seconds since 1970.

    ``title`` is text that came with it (a file's name), empty where it is told elsewhere. A search
    for good settings is one thing with its trials; ``search`` is the one that a trial belongs to.
    """

    kind: str
    identifier: str
    owner: str
    size: int
    created: float
    used: float
    title: str = ""
    search: str = ""

    @property
    def folder(self) -> Path:
        """Where it lies; not for notes."""
        area = {"model": "models", "run": "runs"}.get(self.kind, "uploads")
        return storage.area(area) / self.identifier


@dataclass(frozen=True)
class _Known:
    """What does not change as long as ``stamp`` does not."""

    stamp: tuple[int, ...]
    thing: Thing


_lock = threading.Lock()
_known: dict[Path, _Known] = {}


def everything() -> list[Thing]:
    """All that is kept by all people, whole entries only."""
    found, seen = [], set()
    with _lock:
        for area in _USED_FILES:
            for entry in _entries(storage.area(area)):
                path = Path(entry.path)
                seen.add(path)
                if thing := _of_folder(area, path):
                    found.append(thing)
        notes: dict[str, list[Thing]] = {}
        for area in ("marks", "class_maps"):
            for path in storage.area(area).glob("*.json"):
                seen.add(path)
                if thing := _of_note(path):
                    notes.setdefault(thing.owner, []).append(thing)
        for path in [p for p in _known if p not in seen]:
            del _known[path]
    found = _with_trials(found)
    for owner, own in notes.items():
        size, created = sum(n.size for n in own), min(n.created for n in own)
        found.append(Thing("note", NOTE, owner, size, created, max(n.used for n in own)))
    return found


def _with_trials(things: list[Thing]) -> list[Thing]:
    """Searches with the size of their trials, which are no things of their own."""
    there = {thing.identifier for thing in things if thing.kind == "run"}
    trials: dict[str, list[Thing]] = {}
    for thing in things:
        if thing.search in there:
            trials.setdefault(thing.search, []).append(thing)
    found = []
    for thing in (t for t in things if t.search not in there):
        if own := trials.get(thing.identifier) if thing.kind == "run" else None:
            used = max(thing.used, *(t.used for t in own))
            thing = replace(thing, size=thing.size + sum(t.size for t in own), used=used)
        found.append(thing)
    return found


def of(owner: str) -> list[Thing]:
    """What one person keeps."""
    return [thing for thing in everything() if thing.owner == owner]


def touch(folder: Path) -> None:
    """Note that an entry was used; at most once an hour, for it is read again and again."""
    file = folder / _USED_FILES.get(folder.parent.name, "meta.json")
    try:
        if time.time() - file.stat().st_mtime > _TOUCH_EVERY_S:
            os.utime(file)
    except OSError:  # gone meanwhile, or a disk that is read-only
        return


def _entries(folder: Path) -> list[os.DirEntry]:
    with os.scandir(folder) as entries:
        return [e for e in entries if storage.is_id(e.name) and e.is_dir(follow_symlinks=False)]


def _of_folder(area: str, path: Path) -> Thing | None:
    try:
        used = (path / _USED_FILES[area]).stat()
        stamp = (used.st_mtime_ns, *_stamp(path, area == "runs"))
        known = _known.get(path)
        if known is None or known.stamp[1:] != stamp[1:]:
            known = _Known(stamp, _read(area, path))
            _known[path] = known
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # being deleted, or damaged: nobody's
    thing = known.thing
    return replace(thing, used=max(used.st_mtime, thing.created))


def _stamp(path: Path, is_run: bool) -> tuple[int, ...]:
    """Changes whenever a file has come, gone, or been replaced, or a training has got further."""
    found = [path.stat().st_mtime_ns]
    if is_run:
        for name in (*_RUN_FOLDERS, "events.jsonl"):
            try:
                found.append((path / name).stat().st_mtime_ns)
            except FileNotFoundError:
                found.append(0)
    return tuple(found)


def _read(area: str, path: Path) -> Thing:
    made = json.loads((path / _USED_FILES[area]).read_text(encoding="utf-8"))
    kind, title = {"models": "model", "runs": "run"}.get(area, ""), ""
    if area == "uploads":
        kind = {"image": "image", "dataset": "dataset"}.get(made["kind"], "file")
        title = str(made.get("title") or made.get("filename") or "")
    created = float(made.get("created") or 0.0)
    search = str(made.get(PARENT) or "") if area == "runs" else ""
    owner = str(made["owner"])
    return Thing(kind, path.name, owner, _size(path), created, created, title, search)


def _of_note(path: Path) -> Thing | None:
    try:
        state = path.stat()
        known = _known.get(path)
        stamp = (state.st_mtime_ns, state.st_size)
        if known is None or known.stamp != stamp:
            if state.st_size > _LARGEST_NOTE:
                return None
            owner = str(json.loads(path.read_text(encoding="utf-8"))["owner"])
            thing = Thing("note", path.name, owner, state.st_size, state.st_mtime, state.st_mtime)
            known = _known[path] = _Known(stamp, thing)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return known.thing


def _size(folder: Path) -> int:
    """Bytes of all files below, links not followed."""
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += _size(Path(entry.path))
            else:
                total += _file_size(entry)
    return total


def _file_size(entry: os.DirEntry) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
