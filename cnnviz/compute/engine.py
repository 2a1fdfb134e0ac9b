"""Asking questions: what every engine offers, and the one engine of a process.

question = get_engine().ask("predict", model="shipped:mnist_lenet5", image="photo:cat")
if question.wait(1.0):
    answer = question.result()
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from abc import ABC, abstractmethod

from cnnviz import cluster, logs
from cnnviz.compute import codec, registry
from cnnviz.compute.answers import AnswerCache, answer_key
from cnnviz.compute.metrics import COMPUTING, IN_LINE, OUTCOMES, SECONDS
from cnnviz.errors import Cancelled, CnnvizError, TookTooLong

_ALARMING = ("took_too_long", "worker_lost", "unexpected")

_log = logging.getLogger("cnnviz.compute")


class Job:
    """One computation, shared by everybody who asked the same while it was under way.

    ``request`` is the number of the page's run (see ``cnnviz.logs``) that asked first.
    ``wanted_no_more``: it was ended because nobody waits for it.
    """

    def __init__(
        self, name: str, parameters: dict, key: str | None = None, asker: str = ""
    ) -> None:
        self.name, self.parameters, self.key, self.asker = name, parameters, key, asker
        self.askers: weakref.WeakSet[Question] = weakref.WeakSet()
        self.finished = threading.Event()
        self.running = self.wanted_no_more = False
        self.request = logs.number()
        self.fraction, self.text = 0.0, ""
        self.frame: codec.Value = None
        self.answer: bytes | None = None
        self.error: CnnvizError | None = None
        self._asked_at = time.monotonic()
        self._began_at: float | None = None
        self._worker: int | None = None

    def began(self, moment: float, worker: int) -> None:
        """A worker is at it (``time.monotonic``)."""
        self.running, self._worker = True, worker
        if self._began_at is None:
            IN_LINE.labels(self.name).observe(max(0.0, moment - self._asked_at))
        self._began_at = moment

    def finish(self, answer: bytes | None = None, error: CnnvizError | None = None) -> bool:
        """Keep the outcome; False when there was one before (the first one counts)."""
        if self.finished.is_set():
            return False
        self.answer, self.error = answer, error
        if error is None:
            self.fraction = 1.0
        self.finished.set()
        outcome = "answered" if error is None else error.code
        now = time.monotonic()
        OUTCOMES.labels(self.name, outcome).inc()
        SECONDS.labels(self.name).observe(now - self._asked_at)
        if self._began_at is not None:
            COMPUTING.labels(self.name).observe(now - self._began_at)
        self._note(outcome, now)
        return True

    def known(self, answer: bytes) -> None:
        """The answer was there already."""
        self.answer, self.fraction = answer, 1.0
        self.finished.set()
        OUTCOMES.labels(self.name, "known").inc()

    def _note(self, outcome: str, now: float) -> None:
        """A line of the log: what, for whom, how long; never about which image."""
        began = self._began_at if self._began_at is not None else now
        model = str(self.parameters.get("model") or "")
        facts = {
            "request": self.request,
            "question": self.name,
            "model": model if model.startswith("shipped:") else model.partition(":")[0],
            "outcome": outcome,
            "in_line_s": round(began - self._asked_at, 3),
            "computing_s": round(now - began, 3),
            "worker": self._worker,
            "asker": logs.short(self.asker),
        }
        level = logging.WARNING if outcome in _ALARMING else logging.INFO
        _log.log(level, "A question ended", extra={"facts": facts})


class Question:
    """A question that was asked. Safe to use from several threads."""

    def __init__(self, job: Job, engine: Engine | None = None) -> None:
        self._job, self._engine = job, engine
        self._cancelled = threading.Event()
        job.askers.add(self)

    @property
    def name(self) -> str:
        return self._job.name

    @property
    def done(self) -> bool:
        """Whether there is an answer or an error."""
        return self._cancelled.is_set() or self._job.finished.is_set()

    @property
    def running(self) -> bool:
        """Whether a worker is at it (False while it waits in line, and afterwards)."""
        return self._job.running and not self.done

    @property
    def before(self) -> int | None:
        """How many questions come before this one; None when it is not waiting in line."""
        if self.running or self.done or self._engine is None:
            return None
        return self._engine.before(self._job)

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1."""
        return self._job.fraction

    @property
    def text(self) -> str:
        """What is being done: an English text to translate; may be empty."""
        return self._job.text

    @property
    def frame(self) -> codec.Value:
        """The latest picture of the answer in the making, or None; one object until the next."""
        return self._job.frame

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is done; False when the time (seconds) ran out before."""
        return self._cancelled.is_set() or self._job.finished.wait(timeout)

    def result(self, timeout: float | None = None) -> codec.Value:
        """The answer. Every call gives a fresh one; its arrays are read-only.

        Raises:
            CnnvizError: why there is no answer; TookTooLong also when ``timeout`` runs out.
        """
        if not self.wait(timeout):
            raise TookTooLong("The answer is not there yet.")
        if self._job.finished.is_set() and not self._cancelled.is_set():
            if self._job.error is not None:
                raise self._job.error.with_traceback(None)
            return codec.decode(self._job.answer)
        raise Cancelled("This was stopped.")

    def cancel(self) -> None:
        """Do not want the answer any more: done at once; others who asked the same still get it."""
        if self.done:
            return
        self._cancelled.set()
        self._job.askers.discard(self)
        if self._engine is not None and not self._job.askers:
            self._engine.drop(self._job)


class Engine(ABC):
    """Whatever answers questions. ``ask`` never blocks on the computation (except inline)."""

    def __init__(self, questions: str = registry.MODULE, cache: AnswerCache | None = None) -> None:
        self.questions = registry.read_registry(questions).questions
        self.cache = cache

    def ask(self, name: str, /, *, asker: str = "", **parameters: object) -> Question:
        """Ask one of the registered questions. ``asker`` tells people apart, who take turns.

        Mistakes in the parameters are an outcome like others: ``result`` raises them.

        Raises:
            KeyError: there is no such question.
        """
        kind = self.questions[name]
        job = Job(name, dict(parameters), asker=asker)
        try:
            job.parameters = kind.complete(parameters)
            if kind.cached:
                job.key = answer_key(name, kind.version, job.parameters)
            if self.cache is not None and job.key is not None:
                answer = self.cache.get(job.key, job.parameters)
                if answer is not None:
                    job.known(answer)
        except CnnvizError as error:
            job.finish(error=error)
        if job.finished.is_set():
            return Question(job)
        return self._submit(job)

    def answer(self, name: str, **parameters: object) -> codec.Value:
        """Ask and wait for the answer."""
        return self.ask(name, **parameters).result()

    @abstractmethod
    def _submit(self, job: Job) -> Question:
        """Have a job computed."""

    @abstractmethod
    def drop(self, job: Job) -> None:
        """Nobody wants this job any more."""

    def before(self, job: Job) -> int | None:
        """How many jobs come before this one; None where nothing waits in line."""
        return None

    @abstractmethod
    def close(self) -> None:
        """End everything that was started."""

    def _remember(self, job: Job, answer: bytes) -> None:
        """Have the answer at hand for whoever asks the same from now on."""
        if self.cache is not None and job.key is not None:
            self.cache.remember(job.key, answer)

    def _write(self, job: Job) -> None:
        """Keep the answer of a finished job on disk."""
        if self.cache is not None and job.key is not None and job.answer is not None:
            self.cache.write(job.key, job.answer)


_lock = threading.Lock()
_engine: Engine | None = None


def get_engine() -> Engine:
    """The engine of this process; the first call starts its workers in the background.

    They are on a cluster where ``$CNNVIZ_RAY`` names one, else on this machine.

    Raises:
        CnnvizError: there is no such cluster, or its settings cannot be used.
    """
    global _engine
    with _lock:
        if _engine is None:
            if cluster.chosen():  # engines import this module
                from cnnviz.compute.ray_engine import RayEngine as Chosen
            else:
                from cnnviz.compute.local import LocalEngine as Chosen
            _engine = Chosen(cache=AnswerCache())
            atexit.register(_engine.close)
        return _engine
