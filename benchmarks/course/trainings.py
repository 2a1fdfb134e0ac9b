"""The queue of trainings and its slots in simulated time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import simpy

from benchmarks.course.deployment import Deployment
from benchmarks.course.services import Measured
from benchmarks.course.sharing import BACKGROUND, Machine, Process


@dataclass(eq=False)
class Training:
    """``began`` at its turn, ``seen`` when its curve has a first point, ``ended``."""

    owner: str
    asked_at: float
    began: simpy.Event
    seen: simpy.Event
    ended: simpy.Event


@dataclass
class Trainings:
    """Slots that pull. ``lock``: one looks at the queue at a time, as in ``runs.queue``.

    Who has the fewest at work comes first, then who came first, as in ``runs.turns``.
    """

    machine: Machine
    measured: Measured
    deployment: Deployment
    kept: int = 0

    def __post_init__(self) -> None:
        self.env = self.machine.env
        self.lock = simpy.Resource(self.env)
        self.locked_s = 0.0
        self.processes: list[Process] = []
        self._waiting: list[Training] = []
        self._at_work: Counter[str] = Counter()
        self._turns = simpy.Store(self.env)  # one for each that waits
        cards = Machine(self.env) if self.deployment.gpu_factor else self.machine
        for number in range(self.deployment.slots):
            process = cards.process(self._seconds()[2], BACKGROUND)
            self.processes.append(process)
            self.env.process(self._pull(process, cold=number >= self.deployment.spares))

    @property
    def pending(self) -> int:
        """How many wait or are at work."""
        return len(self._waiting) + sum(self._at_work.values())

    def start(self, owner: str) -> Training:
        """Put one into the queue."""
        training = Training(owner, self.env.now, *(self.env.event() for _moment in range(3)))
        self._waiting.append(training)
        self.kept += 1
        self._turns.put(None)
        return training

    def _pull(self, process: Process, cold: bool) -> Iterator[simpy.Event]:
        until_seen, after, width = self._seconds()
        while True:
            yield self._turns.get()
            if cold:  # a worker is started when somebody waits
                yield self.env.timeout(self.measured.cold_start_s)
                cold = False
            training = yield from self._next_turn()
            training.began.succeed()
            yield process.work(until_seen, width)
            training.seen.succeed()
            yield process.work(after, width)
            self._at_work[training.owner] -= 1
            training.ended.succeed()

    def _next_turn(self) -> Iterator[simpy.Event]:
        with self.lock.request() as mine:
            yield mine
            took = self.measured.queue["look_s"] * self.pending
            self.locked_s += took
            yield self.env.timeout(took)
            training = min(self._waiting, key=lambda t: (self._at_work[t.owner], t.asked_at))
            self._waiting.remove(training)
            self._at_work[training.owner] += 1
            return training

    def _seconds(self) -> tuple[float, float, float]:
        """Work until the first point and after it, and the cores that it can use."""
        whole, share = self.measured.training, self.measured.first_point
        if factor := self.deployment.gpu_factor:  # data and the first step are no faster there
            return whole.wall_s * share, whole.wall_s * (1 - share) / factor, 1.0
        return whole.processor_s * share, whole.processor_s * (1 - share), whole.width
