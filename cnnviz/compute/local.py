"""The local engine: a small warm pool of worker processes on this machine."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from pathlib import Path

from cnnviz import storage
from cnnviz.compute import registry
from cnnviz.compute.answers import AnswerCache
from cnnviz.compute.engine import Engine, Job, Question
from cnnviz.compute.lanes import Lane
from cnnviz.compute.metrics import LOST
from cnnviz.compute.process import WorkerProcess
from cnnviz.compute.sizing import RECYCLE_BYTES, worker_count
from cnnviz.errors import Cancelled, CnnvizError, TookTooLong, WorkerLost, from_code

GRACE_SECONDS = 0.5  # a page that is run again asks again: its work goes on
STOP_SECONDS = 2.0  # what a cancelled question has before its worker is replaced
LONG_NICE = 10
_MAX_FAILED_STARTS = 3
_MAX_BACKOFF_SECONDS = 30.0

_log = logging.getLogger("cnnviz.compute")


class _Task:
    """A job in this pool. ``stop_at``: when the worker is to be told; ``kill_at``: when ended."""

    def __init__(self, number: int, job: Job, cost: str, limit_s: float) -> None:
        self.number, self.job, self.cost, self.limit_s = number, job, cost, limit_s
        self.attempts = 0
        self.limit_at: float | None = None
        self.stop_at: float | None = None
        self.kill_at: float | None = None

    @property
    def asker(self) -> str:
        return self.job.asker

    def next_moment(self) -> float:
        """When the watch has something to do about this task."""
        moments = (self.limit_at, self.stop_at, self.kill_at)
        return min((m for m in moments if m is not None), default=float("inf"))


class _Slot:
    """A place in the pool; its processes come and go."""

    def __init__(self, index: int, only_quick: bool) -> None:
        self.index, self.only_quick = index, only_quick
        self.process: WorkerProcess | None = None
        self.ready = False  # to be given tasks
        self.came_up = False  # this process was ready once
        self.task: _Task | None = None
        self.failed_starts = 0


class LocalEngine(Engine):
    """Two lanes in which people take turns: quick questions have a worker of their own.

    With two workers or more, the first answers nothing but quick questions; the others take long
    ones first and help out with quick ones. Workers are started in the background at once.

    Args:
        questions: the module with the registry (see ``compute.registry``).
        cache: where answers are looked up and kept; None for none.
        workers: how many; None for what the machine carries.
    """

    def __init__(
        self,
        questions: str = registry.MODULE,
        cache: AnswerCache | None = None,
        workers: int | None = None,
    ) -> None:
        super().__init__(questions, cache)
        self._module = questions
        count = workers or worker_count()
        self._slots = [_Slot(i, only_quick=i == 0 and count > 1) for i in range(count)]
        self._waiting: dict[str, Lane[_Task]] = {"quick": Lane(), "long": Lane()}
        self._known: dict[str, _Task] = {}  # by key: what is under way and may be shared
        self._numbers = itertools.count(1)
        self._changed = threading.Condition(threading.RLock())
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep_slot, args=(slot,), daemon=True, name="compute")
            for slot in self._slots
        ]
        self._answered: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._threads.append(threading.Thread(target=self._watch, daemon=True, name="watch"))
        # Not joined when closing: at worst an answer is not kept.
        threading.Thread(target=self._write_answers, daemon=True, name="answers").start()
        for thread in self._threads:
            thread.start()

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers that are ready."""
        with self._changed:
            return [s.process.pid for s in self._slots if s.process is not None and s.ready]

    def wait_until_ready(self, timeout: float | None = None) -> bool:
        """Wait until every worker has loaded what it needs."""
        with self._changed:
            return self._changed.wait_for(lambda: all(s.ready for s in self._slots), timeout)

    def waiting(self, lane: str) -> int:
        """How many questions are in line, ``quick`` or ``long``."""
        with self._changed:
            return len(self._waiting[lane])

    def drop(self, job: Job) -> None:
        with self._changed:
            for task in [] if job.askers else self._tasks():
                if task.job is job and task.stop_at is None and task.kill_at is None:
                    task.stop_at = time.monotonic() + GRACE_SECONDS
            self._changed.notify_all()

    def before(self, job: Job) -> int | None:
        with self._changed:
            for lane in self._waiting.values():
                for task in lane:
                    if task.job is job:
                        return lane.place(task, self._busy())
        return None

    def close(self) -> None:
        """End all workers; what is under way fails."""
        self._closed.set()
        with self._changed:
            for task in self._tasks():
                task.job.finish(error=WorkerLost("The server is shutting down."))
            for lane in self._waiting.values():
                lane.clear()
            for slot in self._slots:
                if slot.process is not None:
                    slot.process.kill()
            self._changed.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(5.0)

    # Asking

    def _submit(self, job: Job) -> Question:
        kind = self.questions[job.name]
        with self._changed:
            if self._closed.is_set():
                job.finish(error=WorkerLost("The server is shutting down."))
                return Question(job)
            known = self._known.get(job.key) if job.key is not None else None
            if known is not None:
                known.stop_at = None  # wanted again
                return Question(known.job, self)
            question = Question(job, self)
            task = _Task(next(self._numbers), job, kind.cost, kind.limit_s)
            self._waiting[task.cost].add(task)
            if job.key is not None:
                self._known[job.key] = task
            self._hand_out()
        return question

    def _hand_out(self) -> None:
        """Give waiting tasks to idle workers."""
        for slot in self._slots:
            if slot.ready and slot.task is None:
                lanes = ("quick",) if slot.only_quick else ("long", "quick")
                lane = next((self._waiting[name] for name in lanes if self._waiting[name]), None)
                if lane is not None:
                    self._give(lane.pop(self._busy()), slot)
        self._changed.notify_all()

    def _give(self, task: _Task, slot: _Slot) -> None:
        task.attempts += 1
        task.limit_at = time.monotonic() + task.limit_s
        slot.task = task
        job = task.job
        slot.process.send({"ask": task.number, "name": job.name, "parameters": job.parameters})

    def _busy(self) -> list[str]:
        """Who has something under way."""
        return [slot.task.asker for slot in self._slots if slot.task is not None]

    def _tasks(self) -> list[_Task]:
        running = [slot.task for slot in self._slots if slot.task is not None]
        return [*running, *self._waiting["quick"], *self._waiting["long"]]

    def _finish(
        self, task: _Task, answer: bytes | None = None, error: CnnvizError | None = None
    ) -> None:
        """Tell everybody who asked; from now on the same question is a new one."""
        job = task.job
        first = job.finish(answer, error)
        if job.key is not None and self._known.get(job.key) is task:
            del self._known[job.key]
        job.running = False
        if first and answer is not None:
            job.frame = None

    # One thread for each slot: it starts a process, listens to it, and starts the next

    def _keep_slot(self, slot: _Slot) -> None:
        folder = storage.home() / "logs"
        folder.mkdir(exist_ok=True)
        log = folder / f"compute-{slot.index}.log"
        while not self._closed.is_set():
            self._one_life(slot, log)
            if slot.failed_starts:
                pause = min(0.5 * 2**slot.failed_starts, _MAX_BACKOFF_SECONDS)
                self._closed.wait(pause)

    def _one_life(self, slot: _Slot, log: Path) -> None:
        nice = 0 if slot.only_quick or len(self._slots) == 1 else LONG_NICE
        try:
            process = WorkerProcess(self._module, nice, warm_up=slot.only_quick, log=log)
        except OSError:
            _log.exception("A compute worker could not be started")
            self._on_death(slot)
            return
        with self._changed:
            slot.process, slot.came_up = process, False
            if self._closed.is_set():
                process.kill()
        for message in process.messages():
            self._on_message(slot, message)
        status = process.reap()
        if not self._closed.is_set():
            LOST.inc()
            _log.warning("Compute worker %d ended with status %s", process.pid, status)
        self._on_death(slot)

    def _on_message(self, slot: _Slot, message: dict) -> None:
        if "report" in message:
            task = slot.task
            if task is not None and task.number == message["report"]:
                job = task.job
                job.fraction, job.text = message["fraction"], message["text"]
                if message["frame"] is not None and not job.finished.is_set():
                    job.frame = message["frame"]
        elif "started" in message:
            with self._changed:
                if slot.task is not None:
                    slot.task.job.running = True
        elif "done" in message:
            self._on_done(slot, message)
        elif "ready" in message:
            with self._changed:
                slot.ready = slot.came_up = True
                slot.failed_starts = 0
                self._hand_out()

    def _on_done(self, slot: _Slot, message: dict) -> None:
        with self._changed:
            task, slot.task = slot.task, None
            if "error" in message:
                code, template, values = message["error"]
                self._finish(task, error=from_code(code, template, values))
            else:
                self._remember(task.job, message["answer"])
                self._finish(task, answer=message["answer"])
            if message["memory"] > RECYCLE_BYTES:
                slot.ready = False
                slot.process.kill()
            self._hand_out()
        self._answered.put(task.job)

    def _on_death(self, slot: _Slot) -> None:
        with self._changed:
            if not slot.came_up:
                slot.failed_starts += 1
            task, slot.task = slot.task, None
            slot.process, slot.ready, slot.came_up = None, False, False
            if task is not None:
                if not task.job.running and task.attempts < 2 and task.kill_at is None:
                    task.limit_at = None
                    self._waiting[task.cost].put_back(task)
                else:
                    self._finish(
                        task,
                        error=WorkerLost(
                            "The process that was computing this ended. Please try again; if it "
                            "happens again, this may need more memory than there is."
                        ),
                    )
            if slot.failed_starts >= _MAX_FAILED_STARTS:
                self._give_up(slot)
            self._hand_out()

    def _give_up(self, slot: _Slot) -> None:
        """No worker will come for some time: say so to those whom nobody else can serve."""
        hopeless = [s.failed_starts >= _MAX_FAILED_STARTS for s in self._slots]
        for cost, lane in self._waiting.items():
            served = (not h for h, s in zip(hopeless, self._slots, strict=True) if not s.only_quick)
            if any(served) or (cost == "quick" and not all(hopeless)):
                continue
            while lane:
                self._finish(
                    lane.pop(),
                    error=WorkerLost(
                        "The part of the server that computes cannot be started. The details are "
                        "in its log."
                    ),
                )

    # One thread that writes: a slow disk must not keep a worker's next answer waiting

    def _write_answers(self) -> None:
        while True:
            self._write(self._answered.get())

    # One thread that looks at the clock

    def _watch(self) -> None:
        with self._changed:
            while not self._closed.is_set():
                now = time.monotonic()
                for lane in self._waiting.values():
                    for task in [t for t in lane if t.stop_at is not None and t.stop_at <= now]:
                        lane.remove(task)
                        self._finish(task, error=Cancelled("This was stopped."))
                for slot in self._slots:
                    if slot.task is not None:
                        self._mind(slot, slot.task, now)
                moment = min((t.next_moment() for t in self._tasks()), default=float("inf"))
                wait = moment - time.monotonic()
                self._changed.wait(None if wait == float("inf") else max(wait, 0.0))

    def _mind(self, slot: _Slot, task: _Task, now: float) -> None:
        """Stop a running task that is not wanted any more or takes too long."""
        if task.kill_at is not None:
            if now >= task.kill_at and slot.process is not None:
                task.kill_at = float("inf")
                slot.ready = False
                slot.process.kill()
            return
        if task.stop_at is not None and now >= task.stop_at:
            error = Cancelled("This was stopped.")
        elif task.limit_at is not None and now >= task.limit_at:
            error = TookTooLong(
                "This took longer than {seconds} seconds and was stopped.",
                seconds=round(task.limit_s),
            )
        else:
            return
        self._finish(task, error=error)
        task.stop_at = task.limit_at = None
        task.kill_at = now + STOP_SECONDS
        slot.process.send({"cancel": task.number})
