"""What waits and what is being worked on in a pool, and which worker takes what.

A worker is given one question at a time, and one exception: a quick question may be the *guest* of
a worker at a long one, which answers it between two steps of its own work. So a cheap question
waits for a step of somebody's expensive one, not for all of it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Protocol

from cnnviz.compute.engine import Job
from cnnviz.compute.registry import QuestionKind

PATIENCE_S = 0.8  # what was given out and did not begin in this time goes to another worker
_REMEMBERED = 200  # kinds of questions that a worker has loaded and compiled all for


class Process(Protocol):
    """A worker process, here or on another machine; see ``process.WorkerProcess``."""

    @property
    def pid(self) -> int: ...

    def send(self, message: dict) -> bool:
        """Send a message; False when the worker is gone."""
        ...

    def messages(self) -> Iterator[dict]:
        """What the worker sends, until it ends."""
        ...

    def memory(self) -> int:
        """Bytes that it takes up; 0 where that is not known."""
        ...

    def kill(self) -> None:
        """End it at once, whatever it does."""
        ...

    def reap(self) -> int:
        """After the last message: make sure that it is gone; its exit status."""
        ...


Start = Callable[[int, bool], Process]  # of a slot's index, and whether nobody may come before it


class Task:
    """A job in this pool. ``stop_at``: when the worker is to be told; ``kill_at``: when ended."""

    def __init__(self, job: Job, kind: QuestionKind) -> None:
        self.job, self.kind = job, kind
        self.attempts = 0
        self.asked_at = time.monotonic()
        self.given_at: float | None = None
        self.started_at: float | None = None
        self.limit_at: float | None = None
        self.stop_at: float | None = None
        self.kill_at: float | None = None

    @property
    def asker(self) -> str:
        return self.job.asker

    @property
    def quick(self) -> bool:
        return self.kind.cost == "quick"

    @property
    def subject(self) -> tuple[str, str]:
        """What a worker has to load and compile for it, as far as that can be told from here; the
        second is empty where that is nothing."""
        return self.job.name, str(self.job.parameters.get("model") or "")

    def give(self) -> None:
        """A worker gets it now."""
        self.attempts += 1
        self.given_at, self.started_at = time.monotonic(), None
        self.limit_at = self.given_at + self.kind.limit_s

    def take_back(self) -> None:
        """It waits again."""
        self.given_at = self.started_at = self.limit_at = None
        self.job.running = False

    def next_moment(self, now: float) -> float:
        """When the watch has something to do about this task."""
        moments = [self.limit_at, self.stop_at, self.kill_at]
        if self.quick and self.started_at is None:
            impatient = (self.given_at or self.asked_at) + PATIENCE_S
            moments.append(impatient if impatient > now else None)
        return min((m for m in moments if m is not None), default=float("inf"))


class Slot:
    """A place in the pool; its processes come and go.

    ``only_quick``: takes no long questions. ``held``: what its process was given, by number; the
    first is what it works on, the second its guest. ``owed``: numbers that were taken back; the
    process is free when it has answered them. ``blamed``: the task for which the process is being
    ended. ``killed_because``: why, if by us.
    """

    def __init__(self, index: int, only_quick: bool) -> None:
        self.index, self.only_quick = index, only_quick
        self.process: Process | None = None
        self.ready = False  # to be given tasks
        self.came_up = False  # this process was ready once
        self.held: dict[int, Task] = {}
        self.owed: set[int] = set()
        self.blamed: Task | None = None
        self.killed_because = ""
        self.failed_starts = 0
        self._warm: OrderedDict[tuple[str, str], None] = OrderedDict()

    def begin(self, process: Process) -> None:
        """A new process that knows nothing yet."""
        self.process, self.came_up, self.killed_because, self.blamed = process, False, "", None
        self._warm.clear()

    def clear(self) -> list[Task]:
        """The process is gone: what it was given, in order."""
        held = list(self.held.values())
        self.held, self.owed = {}, set()
        self.process, self.ready, self.came_up = None, False, False
        return held

    def end(self, blamed: Task | None, why: str) -> None:
        """End the process, for a task's sake or for none."""
        self.ready, self.blamed, self.killed_because = False, blamed, why
        self.process.kill()

    def has_answered(self, subject: tuple[str, str]) -> None:
        """The next question of this kind about this model finds everything loaded."""
        self._warm[subject] = None
        self._warm.move_to_end(subject)
        while len(self._warm) > _REMEMBERED:
            self._warm.popitem(last=False)

    def knows(self, subject: tuple[str, str]) -> int:
        """2: all is loaded and compiled; 1: the model is loaded; 0: nothing."""
        if not subject[1] or subject in self._warm:
            return 2
        return int(any(model == subject[1] for _, model in self._warm))

    @property
    def idle(self) -> bool:
        return self.ready and not self.held and not self.owed

    @property
    def takes_guest(self) -> bool:
        """Whether it is at a long question that lets a quick one in between."""
        tasks = list(self.held.values())
        if not self.ready or self.owed or len(tasks) != 1:
            return False
        host = tasks[0]
        return not host.quick and host.kind.yields and host.kill_at is None and host.attempts < 2

    @property
    def guest_at_work(self) -> bool:
        """Whether the long question rests because its guest is being answered."""
        return any(t.started_at is not None for t in list(self.held.values())[1:])

    def culprit(self) -> Task | None:
        """Whose doing the end of the process is: of what was being computed."""
        if self.blamed is not None:
            return self.blamed
        started = [t for t in self.held.values() if t.started_at is not None]
        return started[-1] if started else None


def choose(task: Task, slots: list[Slot]) -> Slot | None:
    """The worker for a quick question; None when none should take it now.

    First a free one that has everything, or at least the model; then any free one, then a guest's
    place. A model that has to be loaded is kept off the first worker, if only for a moment: it
    takes seconds, and questions that take none would wait behind it.
    """
    idle = [slot for slot in slots if slot.idle]
    for wanted in (2, 1):
        found = [slot for slot in idle if slot.knows(task.subject) == wanted]
        if found:
            return found[0] if wanted == 2 else found[-1]
    spared = [slot for slot in idle if slot.index > 0]
    if spared:
        return spared[-1]
    hosts = [slot for slot in slots if slot.takes_guest] if task.attempts == 0 else []
    if idle and (not hosts or time.monotonic() - task.asked_at >= PATIENCE_S):
        return idle[0]
    return max(hosts, key=lambda slot: slot.knows(task.subject), default=None)


def waiting_too_long(slots: list[Slot]) -> list[tuple[Slot, int, Task]]:
    """Quick questions that were given out and have not begun: where, and under which number."""
    late = time.monotonic() - PATIENCE_S
    return [
        (slot, number, task)
        for slot in slots
        for number, task in slot.held.items()
        if task.quick and task.started_at is None and task.kill_at is None and task.given_at <= late
    ]
