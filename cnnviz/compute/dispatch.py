"""Who is next, and on which worker: the lanes of a pool and its slots."""

from __future__ import annotations

import itertools
import time

from cnnviz.compute.engine import Job
from cnnviz.compute.lanes import Lane
from cnnviz.compute.pool import Slot, Task, choose, waiting_too_long

_LONG_WAIT_S = 10.0  # after which a long question begins also where quick ones keep coming


class Dispatch:
    """Two lanes in which people take turns, and the workers' slots. The caller holds the lock."""

    def __init__(self, slots: list[Slot]) -> None:
        self.slots = slots
        self.waiting: dict[str, Lane[Task]] = {"quick": Lane(), "long": Lane()}
        self._numbers = itertools.count(1)

    def tasks(self) -> list[Task]:
        """Everything that is not over."""
        held = [task for slot in self.slots for task in slot.held.values()]
        return [*held, *self.waiting["quick"], *self.waiting["long"]]

    def busy(self) -> list[str]:
        """Who has something under way."""
        return [task.asker for slot in self.slots for task in slot.held.values()]

    def place(self, job: Job) -> int | None:
        """How many come before a job in its line; None when it does not wait."""
        for lane in self.waiting.values():
            for task in lane:
                if task.job is job:
                    return lane.place(task, self.busy())
        return None

    def in_line(self, asker: str) -> int:
        """How many long questions of a person wait."""
        return sum(task.asker == asker for task in self.waiting["long"])

    def add(self, task: Task) -> None:
        """It waits from now on."""
        self.waiting[task.kind.cost].add(task)

    def put_back(self, task: Task) -> None:
        """It had its turn and lost it: it is the next one."""
        task.take_back()
        self.waiting[task.kind.cost].put_back(task)

    def hand_out(self) -> None:
        """Give waiting tasks to workers that can take one."""
        long = self.waiting["long"]
        if long and not self._quick_first():
            self._hand_out_long()
        self._hand_out_quick()
        if long and not self.waiting["quick"]:
            self._hand_out_long()
        self._move_on()

    def _hand_out_long(self) -> None:
        for slot in self.slots:
            if slot.idle and not slot.only_quick and self.waiting["long"]:
                self._give(self.waiting["long"].pop(self.busy()), slot)

    def _hand_out_quick(self) -> None:
        quick, left = self.waiting["quick"], []
        while quick and any(slot.idle or slot.takes_guest for slot in self.slots):
            task = quick.pop(self.busy())
            slot = choose(task, self.slots)
            if slot is None:
                left.append(task)
            else:
                self._give(task, slot)
        for task in reversed(left):
            quick.put_back(task)

    def _move_on(self) -> None:
        """What was given to a worker that does not begin with it goes to a free one."""
        for slot, number, task in waiting_too_long(self.slots):
            free = next((s for s in self.slots if s.idle), None)
            if free is None:
                return
            del slot.held[number]
            slot.owed.add(number)
            slot.process.send({"cancel": number})
            task.take_back()
            task.attempts -= 1
            self._give(task, free)

    def _quick_first(self) -> bool:
        """A single worker is for quick questions first, unless long ones have waited for long."""
        if len(self.slots) > 1 or not self.waiting["quick"]:
            return False
        oldest = min(task.asked_at for task in self.waiting["long"])
        return time.monotonic() - oldest < _LONG_WAIT_S

    def _give(self, task: Task, slot: Slot) -> None:
        task.give()
        number, job = next(self._numbers), task.job
        slot.held[number] = task
        slot.process.send(
            {
                "ask": number,
                "name": job.name,
                "parameters": job.parameters,
                "request": job.request,
            }
        )
