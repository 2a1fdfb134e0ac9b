"""The class as its teacher sees it: who is here, what is at work, who takes how much room.

One look at everything, made once for several seconds: it serves every teacher who looks.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from cnnviz import belongings, storage
from cnnviz.belongings import Thing
from cnnviz.runs import turns
from cnnviz.ui import presence

FRESH_S = 3.0


@dataclass(frozen=True)
class Person:
    """Somebody who is here or has kept something. ``seen`` in seconds since 1970."""

    owner: str
    tabs: int
    seen: float
    learning: int
    waiting: int
    things: tuple[Thing, ...]

    @property
    def size(self) -> int:
        """Bytes of everything."""
        return sum(thing.size for thing in self.things)

    def count(self, kind: str) -> int:
        return sum(thing.kind == kind for thing in self.things)

    def size_of(self, kind: str) -> int:
        return sum(thing.size for thing in self.things if thing.kind == kind)


@dataclass(frozen=True)
class Class:
    """Everybody, whoever takes most room first; ``pending`` are the ids of trainings that wait or
    are at work, by owner. Bytes of kept answers, and of the disk: free and in all."""

    people: tuple[Person, ...]
    pending: dict[str, tuple[str, ...]]
    answers: int
    free: int
    disk: int

    @property
    def size(self) -> int:
        return sum(person.size for person in self.people)

    @property
    def here(self) -> int:
        return sum(person.tabs > 0 for person in self.people)

    def total(self, name: str) -> int:
        """``learning`` or ``waiting``, of all."""
        return sum(getattr(person, name) for person in self.people)


_lock = threading.Lock()
_kept: tuple[Path, float, Class] | None = None


def look(afresh: bool = False) -> Class:
    """The class, as it was at most a few seconds ago."""
    global _kept
    with _lock:
        home, now = storage.home(), time.monotonic()
        if afresh or _kept is None or _kept[0] != home or now - _kept[1] > FRESH_S:
            _kept = home, now, _look()
        return _kept[2]


def _look() -> Class:
    things: dict[str, list[Thing]] = defaultdict(list)
    for thing in belongings.everything():
        things[thing.owner].append(thing)
    tabs, seen = presence.tabs(), presence.last_seen()
    at_work, waiting = turns.look()
    working, lined = Counter(r.owner for r in at_work), Counter(r.owner for r in waiting)
    pending: dict[str, list[str]] = defaultdict(list)
    for run in [*at_work, *waiting]:
        pending[run.owner].append(run.id)
    people = [
        Person(
            owner,
            tabs.get(owner, 0),
            max([seen.get(owner, 0.0), *(thing.used for thing in things[owner])]),
            working[owner],
            lined[owner],
            tuple(things[owner]),
        )
        for owner in {*things, *tabs, *working, *lined}
    ]
    people.sort(key=lambda person: (-person.size, -person.seen, person.owner))
    disk = shutil.disk_usage(storage.home())
    listed = {owner: tuple(runs) for owner, runs in pending.items()}
    return Class(tuple(people), listed, _answers(), disk.free, disk.total)


def _answers() -> int:
    total = 0
    for path in storage.area("cache").rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:  # replaced in this moment
            continue
    return total
