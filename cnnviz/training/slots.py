"""How many trainings go on at once: each worker holds one of a few slots for as long as it lives.

A slot is a locked file, ``queue/slots/<number>``; in it stands the run at work, or spaces while the
worker has none. Whoever starts a worker takes its slot and hands it on, so that two who start
workers at the same moment never start too many. All looks at slots are made under ``queue.locked``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cnnviz import cluster, machine
from cnnviz.runs import locks, queue
from cnnviz.training import ray_runs

FOLDER = "slots"
RUN_NEEDS = 0.75e9  # bytes of memory of a training
_REST_NEEDS = 1.6e9  # the web process and two compute workers
_MOST = 64
_WIDTH = 24  # of a run's id: a slot keeps its size, so that a full disk cannot hinder it


@dataclass(frozen=True)
class Slot:
    """A slot that this process holds: its file, and the descriptor by which it is locked."""

    path: Path
    descriptor: int

    @property
    def number(self) -> int:
        return int(self.path.name)

    def note(self, run_id: str = "") -> None:
        """Say which run is at work here; none for an idle worker."""
        os.pwrite(self.descriptor, run_id.ljust(_WIDTH).encode(), 0)

    @property
    def valid(self) -> bool:
        """Whether the slot is still there: the home may have been deleted or replaced."""
        try:
            there = self.path.stat()
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(self.descriptor))

    def let_go(self) -> None:
        """Close this process's hold; a worker that inherited the slot keeps it."""
        locks.let_go(self.descriptor)


def slot_count() -> int:
    """How many trainings may go on at once.

    ``$CNNVIZ_TRAINING_SLOTS`` if it is a number from 1 to 64; else one a graphics card, or one for
    every two cores, but at least two, so that two runs to be compared learn together; and never
    more than memory allows. On a cluster: what its nodes carry.
    """
    if cluster.chosen():
        return ray_runs.slot_count()
    wanted = os.environ.get("CNNVIZ_TRAINING_SLOTS", "")
    if wanted.isdecimal() and 1 <= int(wanted) <= _MOST:
        return int(wanted)
    useful = max(2, len(machine.all_gpus()) or machine.cores() // 2)
    affordable = int((machine.memory() - _REST_NEEDS) // RUN_NEEDS)
    return max(1, min(useful, affordable, _MOST))


def take() -> Slot | None:
    """A free slot, held from now on; None when all are taken. Raises OSError (disk full)."""
    count = slot_count()
    if len(occupied()) >= count:
        return None
    for number in range(count):
        path = _folder() / str(number)
        descriptor = locks.take_file(path)
        if descriptor is not None:
            slot = Slot(path.resolve(), descriptor)
            try:
                slot.note()
            except OSError:
                slot.let_go()
                raise
            return slot
    return None


def occupied() -> dict[int, str]:
    """What each held slot's worker is at: the id of a run, or "" when it is idle."""
    if cluster.chosen():
        return ray_runs.occupied()
    return {
        int(path.name): at_work(int(path.name))
        for path in _folder().iterdir()
        if path.name.isdecimal() and locks.is_file_held(path)
    }


def at_work(number: int) -> str:
    """The run that stands in a slot."""
    try:
        return (_folder() / str(number)).read_text().strip()
    except OSError:
        return ""


def environment(number: int, every_card: bool = False) -> dict[str, str]:
    """What the worker of a slot has on top of our environment: a graphics card of its own.

    ``every_card`` is for a worker whose run learns on all of them, while no other is at work.
    """
    cards = machine.all_gpus()
    if not cards:
        return {}
    seen = cards if every_card else [cards[number % len(cards)]]
    return {"CUDA_VISIBLE_DEVICES": ",".join(seen), machine.ALL_GPUS: ",".join(cards)}


def _folder() -> Path:
    path = queue.folder() / FOLDER
    path.mkdir(exist_ok=True)
    return path
