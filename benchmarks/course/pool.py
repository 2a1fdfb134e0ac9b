"""The compute workers in simulated time, under the engine's own rules.

Who is next and which worker takes what is decided by the app's own code (``compute.dispatch``,
``compute.pool``): only the clock that it reads is another one, and its workers only pretend.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from unittest.mock import patch

import simpy

from benchmarks.course.services import Measured, Service
from benchmarks.course.sharing import BACKGROUND, FOREGROUND, Machine
from cnnviz.compute import dispatch as dispatch_rules
from cnnviz.compute import pool as pool_rules
from cnnviz.compute.dispatch import Dispatch
from cnnviz.compute.pool import PATIENCE_S, Slot, Task, waiting_too_long
from cnnviz.compute.registry import QUESTIONS

MODELS_AT_HAND = 8  # as in compute.context
GUESTS_S = 1.0  # as in compute.worker
_LATER_S = 1e-6


@contextmanager
def simulated_clock(env: simpy.Environment) -> Iterator[None]:
    """The engine's rules read the simulated time inside of this block."""
    clock = SimpleNamespace(monotonic=lambda: env.now)
    with patch.object(pool_rules, "time", clock), patch.object(dispatch_rules, "time", clock):
        yield


@dataclass
class Asked:
    """What the rules want to know of a job, and who waits for it."""

    name: str
    asker: str
    parameters: dict
    cost: Service | None  # None: that of a quick question, which depends on what the worker knows
    key: object
    answered: simpy.Event
    running: bool = False
    request: int = 0


@dataclass
class Noted:
    """Seconds from asking to the beginning, by cost (``quick`` or ``long``), and those in which
    workers were at questions, guests and their hosts both counted."""

    in_line: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    computing_s: float = 0.0
    answered: int = 0
    shared: int = 0


class Pool:
    """Workers of one engine. ``kept`` are the keys of answers on disk, which engines share.

    The first worker takes quick questions only, the others take both, as in ``LocalEngine``;
    ``reserve`` lets one more for quick questions come when they have to wait.
    """

    def __init__(
        self, machine: Machine, measured: Measured, workers: int, kept: set, reserve: bool = False
    ) -> None:
        self.env, self.measured, self.noted = machine.env, measured, Noted()
        self._machine, self._kept, self._reserve = machine, kept, reserve
        self.slots: list[Slot] = []
        self.workers: list[Worker] = []
        self._dispatch = Dispatch(self.slots)
        self._under_way: dict[object, Asked] = {}
        for number in range(workers):
            self._begin(only_quick=number == 0 and workers > 1, alone=workers == 1)

    def ask(
        self, name: str, asker: str, key: object, model: str = "", cost: Service | None = None
    ) -> simpy.Event:
        """The event of the answer; at once where it is kept. None has no key: nobody shares it."""
        if key in self._kept:
            return self.env.event().succeed()
        if key is not None and key in self._under_way:
            self.noted.shared += 1
            return self._under_way[key].answered
        asked = Asked(name, asker, {"model": model}, cost, key, self.env.event())
        task = Task(asked, QUESTIONS[name])
        if key is not None:
            self._under_way[key] = asked
        self._dispatch.add(task)
        self._dispatch.hand_out()
        if task.quick:
            self._look_again(task)
        return asked.answered

    def waiting(self) -> int:
        return sum(len(lane) for lane in self._dispatch.waiting.values())

    def begun(self, slot: Slot, number: int) -> Task | None:
        """A worker begins with what it was given; None where that was taken back meanwhile."""
        task = slot.held.get(number)
        if task is not None:
            task.started_at = self.env.now
            self.noted.in_line[task.kind.cost].append(self.env.now - task.asked_at)
        return task

    def done(self, slot: Slot, number: int) -> None:
        """A worker has answered."""
        task = slot.held.pop(number, None)
        slot.owed.discard(number)
        if task is not None:
            slot.has_answered(task.subject)
            asked = task.job
            self.noted.answered += 1
            self.noted.computing_s += self.env.now - task.started_at
            if asked.key is not None:
                self._kept.add(asked.key)
                del self._under_way[asked.key]
            asked.answered.succeed()
        self._dispatch.hand_out()

    def _begin(self, only_quick: bool, alone: bool = False) -> None:
        slot = Slot(len(self.slots), only_quick)
        weight = FOREGROUND if only_quick or alone else BACKGROUND
        worker = Worker(self, slot, self._machine.process(weight=weight))
        slot.process, slot.ready, slot.came_up = worker, True, True
        self.slots.append(slot)
        self.workers.append(worker)

    def _look_again(self, task: Task) -> None:
        """What the engine's watch does about a quick question that has not begun in time."""

        def late(_event: simpy.Event) -> None:
            if task.started_at is not None or task.job.answered.triggered:
                return
            if self._reserve:
                self._reserve = False
                self._begin(only_quick=True)
            if waiting_too_long(self.slots) or task.given_at is None:
                self._dispatch.hand_out()
            self._look_again(task)

        self.env.timeout(PATIENCE_S + _LATER_S).callbacks.append(late)


class Worker:
    """Answers one question at a time, and guests between two steps of a long one."""

    def __init__(self, pool: Pool, slot: Slot, process: object) -> None:
        self.process = process
        self._pool, self._slot, self._env = pool, slot, pool.env
        self._given: deque[dict] = deque()
        self._cancelled: set[int] = set()
        self._models: OrderedDict[str, set[str]] = OrderedDict()  # loaded → what is compiled
        self._something = self._env.event()
        self._env.process(self._live())

    def send(self, message: dict) -> None:
        """What the engine says to a worker."""
        if "cancel" in message:
            self._cancelled.add(message["cancel"])
            return
        self._given.append(message)
        if not self._something.triggered:
            self._something.succeed()

    def _live(self) -> Iterator[simpy.Event]:
        while True:
            if not self._given:
                self._something = self._env.event()
                yield self._something
            yield from self._answer(self._given.popleft())

    def _answer(self, message: dict) -> Iterator[simpy.Event]:
        number = message["ask"]
        task = None if number in self._cancelled else self._pool.begun(self._slot, number)
        if task is not None and task.job.cost is not None:
            yield from self._long(task.job)
        elif task is not None:
            cost = self._quick_cost(task.job)
            yield self.process.work(cost.processor_s, cost.width)
            if cost.idle_s:
                yield self._env.timeout(cost.idle_s)
        self._cancelled.discard(number)
        self._pool.done(self._slot, number)

    def _long(self, asked: Asked) -> Iterator[simpy.Event]:
        left, step = asked.cost.processor_s, self._pool.measured.step_s(asked.name)
        while left > 0:
            yield self.process.work(min(step, left), asked.cost.width)
            left -= step
            until = self._env.now + GUESTS_S
            while self._given and left > 0 and self._env.now < until:
                yield from self._answer(self._given.popleft())
        if asked.cost.idle_s:
            yield self._env.timeout(asked.cost.idle_s)

    def _quick_cost(self, asked: Asked) -> Service:
        model = asked.parameters["model"]
        costs = self._pool.measured.quick.get(model) or self._pool.measured.quick["own"]
        compiled = self._models.pop(model, None)
        level = "cold" if compiled is None else "warm" if asked.name in compiled else "known"
        self._models[model] = (compiled or set()) | {asked.name}
        while len(self._models) > MODELS_AT_HAND:
            self._models.popitem(last=False)
        return costs[level]
