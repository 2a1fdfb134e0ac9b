"""Marks and notes that a person made about images, kept for each model and data set.

A file ``marks/<digest>.json`` under ``$CNNVIZ_HOME`` holds one owner's marks under one key, by
which the caller names the model and the images. Nobody else's file can be reached: its name comes
from the owner too, and what it says of itself is compared.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cnnviz import quotas, storage
from cnnviz.errors import BadInput

MOST = 10_000  # images marked or noted under one key
LONGEST_NOTE = 500  # characters
_LAST_INDEX = 10**9
_MOST_BYTES = MOST * (LONGEST_NOTE * 6 + 64)  # every character of every note escaped

_log = logging.getLogger("cnnviz.marks")


@dataclass(frozen=True)
class Mark:
    """Whether an image is marked, and what was noted about it (text that a person typed)."""

    marked: bool = False
    note: str = ""

    def __bool__(self) -> bool:
        return self.marked or bool(self.note)


def read_marks(owner: str, key: str) -> dict[int, Mark]:
    """What an owner marked and noted under a key: index of the image → mark, ascending.

    Raises:
        BadInput: the file was damaged. It has been put aside, and the next call finds none.
    """
    return _read(_file(owner, key), owner, key)


def write_mark(owner: str, key: str, index: int, mark: Mark) -> None:
    """Set what is kept of one image; a mark without content forgets it.

    Raises:
        BadInput: there are too many already, or the file was damaged (it has been put aside).
    """
    with _alone(owner, key) as path:
        marks = _read(path, owner, key)
        marks.pop(int(index), None)
        _write(path, owner, key, {**marks, int(index): mark})


def write_marks(owner: str, key: str, marks: Mapping[int, Mark]) -> dict[int, Mark]:
    """Set all marks of a key; returns those that it had before, so that it can be undone."""
    with _alone(owner, key) as path:
        try:
            before = _read(path, owner, key)
        except BadInput:  # put aside: what it held cannot be brought back
            before = {}
        _write(path, owner, key, marks)
    return before


def cleaned(note: str) -> str:
    """A note as it is kept: no control characters but line breaks, at most 500 characters."""
    lines = "".join(c if c == "\n" or c.isprintable() else " " for c in note).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()[:LONGEST_NOTE]


def _file(owner: str, key: str) -> Path:
    digest = hashlib.sha256(f"{owner}\0{key}".encode()).hexdigest()[:24]
    return storage.area("marks") / f"{digest}.json"


@contextmanager
def _alone(owner: str, key: str) -> Iterator[Path]:
    """The file, with nobody else changing it: two tabs of one person lose nothing."""
    path = _file(owner, key)
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(descriptor)


def _read(path: Path, owner: str, key: str) -> dict[int, Mark]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("too large")
        kept = json.loads(path.read_text(encoding="utf-8"))
        if (kept["owner"], kept["about"]) != (owner, key):
            raise ValueError("it is about something else")
        marks = {int(index): Mark(bool(m), cleaned(str(n))) for index, m, n in kept["marks"]}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        aside = path.with_suffix(f".damaged-{time.time_ns()}")
        path.rename(aside)
        _log.warning("Marks were damaged (%s) and are kept aside as %s", error, aside.name)
        raise BadInput(
            "The file with your marks and notes was damaged. It was put aside, and new marks are "
            "kept from now on."
        ) from None
    return dict(sorted(marks.items())[:MOST])


@storage.needing_room()
def _write(path: Path, owner: str, key: str, marks: Mapping[int, Mark]) -> None:
    rows = [
        (int(index), mark.marked, note)
        for index, mark in sorted(marks.items())
        if 0 <= int(index) <= _LAST_INDEX and ((note := cleaned(mark.note)) or mark.marked)
    ]
    if len(rows) > MOST:
        raise BadInput(
            "At most {most} images can be marked. Remove some marks first.", most=f"{MOST:,}"
        )
    kept = {"owner": owner, "about": key, "marks": rows}
    data = json.dumps(kept, ensure_ascii=False).encode()
    more = len(data) - (path.stat().st_size if path.exists() else 0)
    if more > 0:
        quotas.check(owner, more)
    storage.write_whole(path, data)
