"""The clock of a pool: who waits too long, takes too long or too much memory, or is not wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from cnnviz import machine
from cnnviz.compute import sizing
from cnnviz.compute.dispatch import Dispatch
from cnnviz.compute.pool import PATIENCE_S, Slot, Task, waiting_too_long
from cnnviz.errors import Cancelled, CnnvizError, TookTooLong

STOP_SECONDS = 2.0  # what a cancelled question has before its worker is replaced
_LOOK_AT_MEMORY_S = 0.25


class Watch:
    """Looks at all tasks and workers of a pool whenever something is due.

    Args:
        dispatch: lanes and slots.
        changed: the lock of the pool, told about every change.
        closed: set when the pool ends.
        memory_limit: bytes that a worker may take up.
        end: tells everybody who asked that a task has failed.
        hand_out: gives waiting tasks to workers.
        add_reserve: starts one more worker for quick questions; None where there is none.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        changed: threading.Condition,
        closed: threading.Event,
        memory_limit: int,
        end: Callable[[Task, CnnvizError], None],
        hand_out: Callable[[], None],
        add_reserve: Callable[[], None] | None,
    ) -> None:
        self._dispatch, self._changed, self._closed = dispatch, changed, closed
        self._memory_limit, self._finish, self._hand_out = memory_limit, end, hand_out
        self._add_reserve = add_reserve

    def run(self) -> None:
        """Until the pool is closed; in a thread of its own."""
        slots = self._dispatch.slots
        with self._changed:
            while not self._closed.is_set():
                now = time.monotonic()
                for lane in self._dispatch.waiting.values():
                    for task in [t for t in lane if t.stop_at is not None and t.stop_at <= now]:
                        lane.remove(task)
                        self._finish(task, Cancelled("This was stopped."))
                for slot in slots:
                    for number, task in list(slot.held.items()):
                        self._mind(slot, number, task, now)
                    self._mind_memory(slot)
                if waiting_too_long(slots):
                    self._hand_out()
                self._call_reserve(now)
                moment = min(
                    (t.next_moment(now) for t in self._dispatch.tasks()), default=float("inf")
                )
                if any(slot.held for slot in slots):
                    moment = min(moment, now + _LOOK_AT_MEMORY_S)
                wait = moment - time.monotonic()
                self._changed.wait(None if wait == float("inf") else max(wait, 0.0))

    def _mind(self, slot: Slot, number: int, task: Task, now: float) -> None:
        """Stop a running task that is not wanted any more or takes too long."""
        if slot.guest_at_work and task is next(iter(slot.held.values())):
            return  # it rests; its guest must not suffer for it
        if task.kill_at is not None:
            if now >= task.kill_at and slot.process is not None:
                task.kill_at = float("inf")
                slot.end(task, "deaf")
            return
        if task.stop_at is not None and now >= task.stop_at:
            error, task.job.wanted_no_more = Cancelled("This was stopped."), True
        elif task.limit_at is not None and now >= task.limit_at:
            error = TookTooLong(
                "This took longer than {seconds} seconds and was stopped.",
                seconds=round(task.kind.limit_s),
            )
        else:
            return
        self._finish(task, error)
        task.stop_at = task.limit_at = None
        task.kill_at = now + STOP_SECONDS
        slot.process.send({"cancel": number})

    def _mind_memory(self, slot: Slot) -> None:
        """End a worker whose question takes more memory than there is for one."""
        watched = slot.held and slot.ready and slot.process is not None
        if watched and slot.process.memory() > self._memory_limit:
            slot.end(slot.culprit(), "memory")

    def _call_reserve(self, now: float) -> None:
        """Start one more worker for quick questions, when they have to wait and memory suffices."""
        slots = self._dispatch.slots
        if self._add_reserve is None or not all(slot.came_up for slot in slots):
            return
        waiting = [t for t in self._dispatch.tasks() if t.quick and t.started_at is None]
        if not any(now - (t.given_at or t.asked_at) >= PATIENCE_S for t in waiting):
            return
        add, self._add_reserve = self._add_reserve, None
        if machine.free_memory() > 2 * sizing.WORKER_BYTES:
            add()
