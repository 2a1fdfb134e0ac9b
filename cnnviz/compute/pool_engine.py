"""An engine with a small warm pool of worker processes, wherever they run."""

from __future__ import annotations

import logging
import queue
import threading
import time

from cnnviz.compute import deaths, sizing
from cnnviz.compute.answers import AnswerCache
from cnnviz.compute.dispatch import Dispatch
from cnnviz.compute.engine import Engine, Job, Question
from cnnviz.compute.memory_needs import check_memory
from cnnviz.compute.metrics import LOST
from cnnviz.compute.poison import Poison
from cnnviz.compute.pool import Slot, Start, Task
from cnnviz.compute.watch import Watch
from cnnviz.errors import CnnvizError, NotPossible, WorkerLost, from_code

GRACE_SECONDS = 0.5  # a page that is run again asks again: its work goes on
MOST_IN_LINE = 8  # long questions of one person that wait
_MAX_FAILED_STARTS = 3
_MAX_BACKOFF_SECONDS = 30.0

_log = logging.getLogger("cnnviz.compute")


class PoolEngine(Engine):
    """Two lanes in which people take turns: quick questions have a worker of their own.

    With two workers or more, the first answers nothing but quick questions; the others take long
    ones first, and quick ones too, also between two steps of a long one (see ``pool``). Workers are
    started in the background at once; a reserve for quick questions when it is needed.

    Args:
        start: starts the process of a slot and returns when it can be spoken to; raises OSError.
        questions: the module with the registry (see ``compute.registry``).
        cache: where answers are looked up and kept; None for none.
        workers: how many.
        memory_limit: bytes that a worker may take up.
        reserve: whether one more for quick questions may be started on this machine.
    """

    def __init__(
        self,
        start: Start,
        questions: str,
        cache: AnswerCache | None,
        workers: int,
        memory_limit: int,
        reserve: bool = False,
    ) -> None:
        super().__init__(questions, cache)
        self._start = start
        self.memory_limit = memory_limit
        self._slots = [Slot(i, only_quick=i == 0 and workers > 1) for i in range(workers)]
        self._dispatch = Dispatch(self._slots)
        self._waiting = self._dispatch.waiting
        self._known: dict[str, Task] = {}  # by key: what is under way and may be shared
        self._poison = Poison()
        self._changed = threading.Condition(threading.RLock())
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep_slot, args=(slot,), daemon=True, name="compute")
            for slot in self._slots
        ]
        self._answered: queue.SimpleQueue[Job] = queue.SimpleQueue()
        watch = Watch(
            self._dispatch,
            self._changed,
            self._closed,
            memory_limit,
            end=lambda task, error: self._finish(task, error=error),
            hand_out=self._hand_out,
            add_reserve=self._add_reserve if reserve else None,
        )
        self._threads.append(threading.Thread(target=watch.run, daemon=True, name="watch"))
        # Not joined when closing: at worst an answer is not kept.
        threading.Thread(target=self._write_answers, daemon=True, name="answers").start()
        for thread in self._threads:
            thread.start()

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers that are ready."""
        with self._changed:
            return [s.process.pid for s in self._slots if s.process is not None and s.ready]

    def workers_memory(self) -> int:
        """Bytes that all ready workers take up together."""
        with self._changed:
            return sum(s.process.memory() for s in self._slots if s.process is not None and s.ready)

    @property
    def wanted_workers(self) -> int:
        """How many workers there should be."""
        with self._changed:
            return len(self._slots)

    @property
    def hopeless(self) -> bool:
        """Whether some questions get no answer, because workers end before they are ready."""
        with self._changed:
            return any(self._unserved(cost) for cost in self._waiting)

    def wait_until_ready(self, timeout: float | None = None) -> bool:
        """Wait until every worker has loaded what it needs."""
        with self._changed:
            return self._changed.wait_for(lambda: all(s.ready for s in self._slots), timeout)

    def waiting(self, lane: str) -> int:
        """How many questions are in line, ``quick`` or ``long``."""
        with self._changed:
            return len(self._waiting[lane])

    def at_work(self) -> int:
        """How many questions are being answered."""
        with self._changed:
            return sum(len(slot.held) for slot in self._slots)

    def drop(self, job: Job) -> None:
        with self._changed:
            for task in [] if job.askers else self._dispatch.tasks():
                if task.job is job and task.stop_at is None and task.kill_at is None:
                    task.stop_at = time.monotonic() + GRACE_SECONDS
            self._changed.notify_all()

    def before(self, job: Job) -> int | None:
        with self._changed:
            return self._dispatch.place(job)

    def close(self) -> None:
        """End all workers; what is under way fails."""
        self._closed.set()
        with self._changed:
            for task in self._dispatch.tasks():
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
        try:
            self._poison.check(job)
            check_memory(job.name, job.parameters, self.memory_limit)
        except CnnvizError as error:
            job.finish(error=error)
            return Question(job)
        with self._changed:
            if self._closed.is_set():
                job.finish(error=WorkerLost("The server is shutting down."))
                return Question(job)
            known = self._known.get(job.key) if job.key is not None else None
            if known is not None:
                known.stop_at = None  # wanted again
                return Question(known.job, self)
            if (
                job.asker
                and kind.cost == "long"
                and self._dispatch.in_line(job.asker) >= MOST_IN_LINE
            ):
                job.finish(
                    error=NotPossible(
                        "{count} of your questions are waiting already. Wait for their answers, or "
                        "stop some.",
                        count=MOST_IN_LINE,
                    )
                )
                return Question(job)
            question = Question(job, self)
            task = Task(job, kind)
            self._dispatch.add(task)
            if job.key is not None:
                self._known[job.key] = task
            self._hand_out()
        return question

    def _hand_out(self) -> None:
        self._dispatch.hand_out()
        self._changed.notify_all()

    def _finish(
        self, task: Task, answer: bytes | None = None, error: CnnvizError | None = None
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

    def _keep_slot(self, slot: Slot) -> None:
        while not self._closed.is_set():
            self._one_life(slot)
            if slot.failed_starts:
                pause = min(0.5 * 2**slot.failed_starts, _MAX_BACKOFF_SECONDS)
                self._closed.wait(pause)

    def _one_life(self, slot: Slot) -> None:
        try:
            process = self._start(slot.index, slot.only_quick or len(self._slots) == 1)
        except OSError:
            _log.exception("A compute worker could not be started")
            self._on_death(slot, 0)
            return
        with self._changed:
            slot.begin(process)
            if self._closed.is_set():
                process.kill()
        for message in process.messages():
            self._on_message(slot, message)
        status = process.reap()
        if not self._closed.is_set():
            LOST.labels(slot.killed_because or "unasked").inc()
            facts = {"worker": slot.index, "status": status, "why": slot.killed_because}
            _log.warning("A compute worker ended", extra={"facts": facts})
        self._on_death(slot, status)

    def _on_message(self, slot: Slot, message: dict) -> None:
        if "report" in message:
            task = slot.held.get(message["report"])
            if task is not None:
                job = task.job
                job.fraction, job.text = message["fraction"], message["text"]
                if message["frame"] is not None and not job.finished.is_set():
                    job.frame = message["frame"]
        elif "started" in message:
            with self._changed:
                task = slot.held.get(message["started"])
                if task is not None:
                    task.started_at = time.monotonic()
                    task.job.began(task.started_at, slot.index)
        elif "done" in message:
            self._on_done(slot, message)
        elif "warm" in message:
            with self._changed:
                slot.has_answered((message["warm"], message["model"]))
        elif "ready" in message:
            with self._changed:
                slot.ready = slot.came_up = True
                slot.failed_starts = 0
                self._hand_out()

    def _on_done(self, slot: Slot, message: dict) -> None:
        with self._changed:
            number = message["done"]
            task = slot.held.pop(number, None)
            slot.owed.discard(number)
            if task is not None:
                for host in slot.held.values():  # it has rested
                    host.limit_at = host.limit_at and host.limit_at + _since(task.started_at)
                if "error" in message:
                    code, template, values = message["error"]
                    self._finish(task, error=from_code(code, template, values))
                else:
                    slot.has_answered(task.subject)
                    self._remember(task.job, message["answer"])
                    self._finish(task, answer=message["answer"])
                self._answered.put(task.job)
            if message["memory"] > sizing.recycle_bytes(self.memory_limit) and not slot.held:
                slot.end(None, "grown")
            self._hand_out()

    def _on_death(self, slot: Slot, status: int) -> None:
        with self._changed:
            if not slot.came_up:
                slot.failed_starts += 1
            for task, fate in deaths.judge(slot, status):
                if fate.guilty and not task.job.wanted_no_more:
                    self._poison.note(task.job)  # first: whoever hears of it may ask again at once
                if fate.again:
                    self._once_more(task, harmed=fate.guilty)
                else:
                    self._finish(task, error=deaths.why_lost(fate.why, self.memory_limit))
            if slot.failed_starts >= _MAX_FAILED_STARTS:
                self._give_up()
            self._hand_out()

    def _once_more(self, task: Task, harmed: bool) -> None:
        """Its worker ended, by no fault of its own as far as one can tell: it is the next one."""
        if task.kill_at is not None:  # over already
            return
        if harmed:
            task.job.text = deaths.ONCE_MORE
        self._dispatch.put_back(task)

    def _unserved(self, cost: str) -> bool:
        """Whether no worker will come for some time that could take such questions."""
        able = [s for s in self._slots if cost == "quick" or not s.only_quick]
        return all(slot.failed_starts >= _MAX_FAILED_STARTS for slot in able)

    def _give_up(self) -> None:
        """Say so to those whom nobody can serve."""
        for cost, lane in self._waiting.items():
            while lane and self._unserved(cost):
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

    # A reserve

    def _add_reserve(self) -> None:
        """One more worker for quick questions; the caller has the lock."""
        slot = Slot(len(self._slots), only_quick=True)
        self._slots.append(slot)
        thread = threading.Thread(target=self._keep_slot, args=(slot,), daemon=True)
        self._threads.append(thread)
        thread.start()


def _since(moment: float | None) -> float:
    return 0.0 if moment is None else time.monotonic() - moment
