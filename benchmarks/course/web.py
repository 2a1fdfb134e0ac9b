"""A web process in simulated time: pages, and those who watch a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import simpy

from benchmarks.course.services import Measured, Service
from benchmarks.course.sharing import Machine
from benchmarks.course.trainings import Trainings

TICK_S = 0.5  # polls are taken together for so long
POLL_EVERY_S = {"waiting": 1.5, "working": 1.0}  # as in ui.training_live
PARTS_A_SECOND = 8.0  # as in ui.live_route
PARTS_WANTED = 1.0  # a second, by whoever watches a training of a few seconds


class WebProcess:
    """``watching`` counts those who watch a training that waits, or is at work; ``polls`` are
    seconds that their browsers waited, ``sent`` bytes."""

    def __init__(self, machine: Machine, measured: Measured, trainings: Trainings) -> None:
        self.env, self.measured = machine.env, measured
        self.process = machine.process()
        self.watching = dict.fromkeys(POLL_EVERY_S, 0)
        self.polls: list[float] = []
        self.sent = 0.0
        self._trainings = trainings
        self.env.process(self._answer_polls())
        self.env.process(self._tend())

    @contextmanager
    def watched(self, state: str) -> Iterator[None]:
        """One more person watches, inside of this block."""
        self.watching[state] += 1
        yield
        self.watching[state] -= 1

    def draw(self, cost: Service) -> Iterator[simpy.Event]:
        """Run a page's script."""
        yield self.process.work(cost.processor_s)
        if cost.idle_s:
            yield self.env.timeout(cost.idle_s)
        self.sent += cost.bytes

    def start(self, owner: str) -> Iterator[simpy.Event]:
        """Press Start: the page, looks at all that waits and is kept, a place in the queue.

        Returns the training.
        """
        queue, waits = self.measured.queue, self._trainings.pending
        looks = queue["look_s"] * waits + queue["belongings_s"] * self._trainings.kept
        yield self.process.work(self.measured.start.processor_s + looks)
        with self._trainings.lock.request() as lock:
            yield lock
            since = self.env.now
            yield self.process.work(queue["enqueue_s"] * self._trainings.pending)
            self._trainings.locked_s += self.env.now - since
            training = self._trainings.start(owner)
        yield self.process.work(queue["enqueue_s"] * self._trainings.pending)  # dispatch
        return training

    def _answer_polls(self) -> Iterator[simpy.Event]:
        kinds = {"waiting": self.measured.poll_waiting, "working": self.measured.poll_working}
        while True:
            began, work = self.env.now, 0.0
            for kind, number in self.watching.items():
                polls = number * TICK_S / POLL_EVERY_S[kind]
                work += polls * kinds[kind].processor_s
                self.sent += polls * kinds[kind].bytes
            parts = min(PARTS_A_SECOND, PARTS_WANTED * self.watching["working"]) * TICK_S
            work += parts * self.measured.part.processor_s
            if not work:
                yield self.env.timeout(2 * TICK_S)
                continue
            yield self.process.work(work)
            took = self.env.now - began
            # Each of them has its share of the process, and waits where the time is not enough.
            each = self.measured.poll_working.processor_s
            self.polls.append(each * took / work + max(took - TICK_S, 0.0))
            yield self.env.timeout(max(TICK_S - took, 0.001))

    def _tend(self) -> Iterator[simpy.Event]:
        """What it does every second by itself; those who wait want to know their place."""
        queue = self.measured.queue
        while True:
            each = queue["enqueue_s"] + (queue["look_s"] if self.watching["waiting"] else 0.0)
            yield self.process.work(self.measured.idle_share + each * self._trainings.pending)
            yield self.env.timeout(1.0)
