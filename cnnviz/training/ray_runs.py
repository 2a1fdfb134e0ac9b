"""Trainings on a cluster: one detached actor that has Ray tasks carry out what waits.

The queue and its turns are those of ``cnnviz.runs``; a task (``hosting``) takes the run whose turn
it is when Ray has found room for it, not the one that it was started for. The dispatcher outlives
the web server, as trainings do.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from cnnviz import cluster
from cnnviz.errors import CnnvizError, NotPossible
from cnnviz.runs import turns
from cnnviz.training.hosting import BROKEN, DISPATCHER, carry_out_runs

CPUS = "CNNVIZ_RAY_CPUS_PER_RUN"
GPUS = "CNNVIZ_RAY_GPUS_PER_RUN"
SPARES = "CNNVIZ_RAY_SPARES"
COMMAND = ("-m", "cnnviz.training.hosted_worker")
TEND_S = 1.0
KEPT_S = 10.0  # without a word from a web server nobody counts on spares
IDLE_S = 5.0  # a task without a run keeps what was lent to it for so long
BROKEN_AFTER_S = 10.0  # between tries where training processes end before they get to a run

_log = logging.getLogger("cnnviz.training")


@dataclass(frozen=True)
class Needs:
    """What a task asks Ray for, and the training process that it starts."""

    cpus: float
    gpus: float
    command: tuple[str, ...]


@dataclass
class _Host:
    """A task: what it will return, the run it is at, and since when it has none."""

    reference: Any
    run_id: str = ""
    idle_since: float | None = None  # None: it has not begun


class Dispatcher:
    """The actor. Calls come in threads of their own, and one thread tends every second.

    Args:
        needs: of the tasks, until somebody tells of others; also where it has to begin again.
    """

    def __init__(self, needs: Needs) -> None:
        self._hosts: dict[int, _Host] = {}
        self._numbers = 0
        self._news = 0
        self._waiting = 0
        self._needs = needs
        self._ready_for: str | None = None
        self._spares, self._spares_until = 0, 0.0
        self._not_before = 0.0
        self._lock = threading.RLock()
        threading.Thread(target=self._tend_for_ever, daemon=True, name="tend").start()

    def look(self, needs: Needs, ready_for: str | None, spares: int | None) -> None:
        """Somebody has put a run into the queue, or counts on spares for a while."""
        with self._lock:
            if needs != self._needs:  # whoever asks for what there is no more waits for ever
                for number in [n for n, h in self._hosts.items() if h.idle_since is None]:
                    cluster.connect().cancel(self._hosts.pop(number).reference)
            self._needs, self._ready_for = needs, ready_for or self._ready_for
            if spares is not None:
                self._spares, self._spares_until = spares, time.monotonic() + KEPT_S
        self._tend()

    def needed(self, number: int) -> bool:
        """A task has begun: whether there is anything to do for it."""
        with self._lock:
            self.note(number, "")
            return number in self._hosts and (self._waiting > 0 or number in self._kept())

    def note(self, number: int, run_id: str) -> None:
        """A task has taken a run, or has none any more."""
        with self._lock:
            if host := self._hosts.get(number):
                host.run_id, host.idle_since = run_id, time.monotonic()

    def news(self, number: int) -> tuple[int, bool]:
        """For an idle task: a number that changes when a run may wait, and whether to stay."""
        with self._lock:
            host = self._hosts.get(number)
            if host is None:
                return self._news, False
            fresh = time.monotonic() - host.idle_since < IDLE_S
            return self._news, fresh or self._waiting > 0 or number in self._kept()

    def hosts(self) -> dict[int, str]:
        """The tasks that have begun, and the run of each or ""."""
        with self._lock:
            return {n: h.run_id for n, h in self._hosts.items() if h.idle_since is not None}

    def _kept(self) -> list[int]:
        """The spares: idle tasks that stay."""
        wanted = self._spares if time.monotonic() < self._spares_until else 0
        return [number for number, host in self._hosts.items() if not host.run_id][:wanted]

    def _tend_for_ever(self) -> None:
        while True:
            time.sleep(TEND_S)
            try:
                self._tend()
            except (CnnvizError, OSError):  # storage or keeper away: later it may work again
                _log.exception("The queue of trainings could not be looked after.")

    def _tend(self) -> None:
        """See to it that as many tasks are there, or asked for, as runs wait and nodes carry."""
        waiting = len(turns.look()[1])
        with self._lock:
            self._waiting = waiting
            self._news += waiting > 0
            self._reap()
            if time.monotonic() < self._not_before:
                return
            spares = self._spares if time.monotonic() < self._spares_until else 0
            idle = sum(not host.run_id for host in self._hosts.values())
            room = cluster.capacity(self._needs.cpus, self._needs.gpus) - len(self._hosts)
            for _new in range(min(waiting + spares - idle, room)):
                self._submit()

    def _submit(self) -> None:
        ray = cluster.connect()
        self._numbers += 1
        task = ray.remote(carry_out_runs).options(
            num_cpus=self._needs.cpus,
            num_gpus=self._needs.gpus,  # with any, Ray gives each task a fresh process
            max_retries=0,  # what it leaves goes on by the queue, in another task
            scheduling_strategy="SPREAD",
        )
        reference = task.remote(self._numbers, self._needs.command, self._ready_for)
        self._hosts[self._numbers] = _Host(reference)

    def _reap(self) -> None:
        """Forget tasks that have ended, by themselves or with their node."""
        ray = cluster.connect()
        by_reference = {host.reference: number for number, host in self._hosts.items()}
        if not by_reference:
            return
        ended, _ = ray.wait(list(by_reference), num_returns=len(by_reference), timeout=0)
        for reference in ended:
            del self._hosts[by_reference[reference]]
            try:
                broken = ray.get(reference) == BROKEN
            except ray.exceptions.RayError as error:
                broken = isinstance(error, ray.exceptions.RayTaskError)  # else its node died
                _log.warning("A task that carried out trainings has ended: %s", error)
            if broken:
                self._not_before = time.monotonic() + BROKEN_AFTER_S


def dispatch(ready_for: str | None = None, spares: int | None = None) -> None:
    """Have what waits carried out; returns at once.

    Args:
        ready_for: settings (JSON) of the training that is most likely to come.
        spares: how many idle tasks are counted on for the next seconds; None for no change.

    Raises:
        BadInput: a setting is no number.
        NotPossible: no cluster answers.
    """
    _dispatcher().look.remote(needs(), ready_for, spares)


def tend(ready_for: str | None = None) -> None:
    """What the web server does every second: dispatch, and count on ``$CNNVIZ_RAY_SPARES`` (1)."""
    dispatch(ready_for, int(cluster.number(SPARES, 1)))


def needs() -> Needs:
    """``$CNNVIZ_RAY_CPUS_PER_RUN`` (2) and ``$CNNVIZ_RAY_GPUS_PER_RUN`` (1 where there are any)."""
    gpus = cluster.number(GPUS, float(cluster.has_gpus()))
    return Needs(cluster.number(CPUS, 2), gpus, COMMAND)


def slot_count() -> int:
    """How many trainings the cluster carries at once."""
    wanted = needs()
    return cluster.capacity(wanted.cpus, wanted.gpus)


def occupied() -> dict[int, str]:
    """The tasks that are there, and what each is at: the id of a run, or "" when it is idle."""
    return cluster.answer(_dispatcher().hosts.remote())


def check_room() -> None:
    """Raise NotPossible where no node could ever carry out a training."""
    if slot_count() == 0:
        wanted = needs()
        raise NotPossible(
            "No node of the cluster has what a training needs: {cpus} CPUs and {gpus} GPUs. Add a "
            "node, or set {setting} lower.",
            cpus=f"{wanted.cpus:g}",
            gpus=f"{wanted.gpus:g}",
            setting=f"{CPUS} / {GPUS}",
        )


def _dispatcher() -> Any:
    return cluster.detached(DISPATCHER, Dispatcher, needs(), max_concurrency=8)
