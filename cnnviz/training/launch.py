"""Starting trainings from a process that must stay quick and without TensorFlow.

A start puts a run into the queue; workers pull. This module sees to it that there are workers: a
few (``slots``), each a process in a session of its own, so that it outlives a closed tab, a rerun
and the web server. Because loading TensorFlow takes seconds, an idle worker or two are kept as
spares, made ready for the training that is most likely to come.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from cnnviz import cluster, machine, quotas, storage
from cnnviz.datasets.bundled import DATASETS
from cnnviz.errors import BadInput, NotPossible
from cnnviz.runs import locks, queue, trials, turns
from cnnviz.runs.run import PAUSE, PAUSED, STOP, Run, create_run
from cnnviz.training import ray_runs, slots
from cnnviz.training.config import TrainingConfig
from cnnviz.training.search_config import SearchConfig

COMMAND = (sys.executable, "-m", "cnnviz.training.worker")
SPARE_NEEDS = 1.5e9  # bytes of free memory, below which no spare is kept
PLENTY = 4e9  # bytes of free memory, from which on there are two: for runs to be compared
REPLACE_AFTER_S = 10.0  # let a training get going before the next spare loads TensorFlow
BROKEN_AFTER_S = 10.0  # between tries where workers end before they get to a run
MOST_PENDING = 10  # runs of one person that wait or are at work


@dataclass
class _Worker:
    """A process of ours; with a ``line`` it stays when it has nothing to do, until that closes."""

    process: subprocess.Popen
    slot: int
    home: Path

    @property
    def kept(self) -> bool:
        line = self.process.stdin
        return line is not None and not line.closed

    def here(self) -> bool:
        return self.home == storage.home().resolve()


_lock = threading.RLock()
_workers: list[_Worker] = []
_next_spare: tuple[float, str] | None = None  # when, and the settings to be ready for
_not_before = 0.0  # no new worker until then


def start_training(
    config: TrainingConfig, owner: str = storage.LOCAL_OWNER, folders: bool = True
) -> Run:
    """Put a training into the queue and return at once; it begins when it is its turn.

    Args:
        config: what to train; ``TrainingConfig()`` works.
        owner: whose run it is.
        folders: whether the data set may be a path on this machine (never from a web page).

    Raises:
        BadInput: a setting is unknown or out of range.
        NotPossible: this machine could never carry out a training, its disk is full, or this
            person has too many trainings that are not over, or no room left (OverQuota).
    """
    checked = _from_anywhere(config.check(folders))
    _check_allowed(owner, quotas.RUN_TAKES)
    run = _put_into_queue(checked, owner)
    dispatch()
    _plan_spare(json.dumps(checked.to_json()))
    return run


def start_search(
    config: SearchConfig, owner: str = storage.LOCAL_OWNER, folders: bool = True
) -> Run:
    """Put a search for good settings into the queue and return at once; each trial is a turn.

    The arguments and errors are those of :func:`start_training`.
    """
    checked = config.check(folders)
    checked = replace(checked, base=_from_anywhere(checked.base))
    _check_allowed(owner, quotas.RUN_TAKES * min(checked.trials, trials.KEPT + 1))
    run = _put_into_queue(checked.base, owner, checked.to_json())
    dispatch()
    return run


def _check_allowed(owner: str, needed: int) -> None:
    """Raise NotPossible where this person, or this machine, cannot take on more."""
    if machine.memory() < slots.RUN_NEEDS:
        raise NotPossible("This machine has too little memory for any training.")
    if owner != storage.LOCAL_OWNER and turns.pending_of(owner) >= MOST_PENDING:
        raise NotPossible(
            "{count} of your trainings wait or are at work. Wait until one has ended, or stop one.",
            count=MOST_PENDING,
        )
    quotas.check(owner, needed)


def resume_training(run_id: str, owner: str = storage.LOCAL_OWNER) -> Run:
    """Let a run go on that rests or broke off: it gets back into the queue; returns at once.

    Raises:
        NotFound: there is no such run.
        BadInput: it belongs to somebody else, is still at work, or has ended by itself.
        NotPossible: the disk is full, or its owner has as many as anybody may.
        OverQuota: its owner has no room left.
    """
    run = Run(run_id)
    run.check_owner(owner)
    if run.parent and Run(run.parent).outcome is None:
        raise BadInput("This is a trial of a search: let the search go on.")
    lock = locks.take(run.folder) if run.status in ("lost", "paused") else None
    if lock is None:
        raise BadInput("Only a training that rests or broke off can go on.")
    try:
        _check_allowed(run.owner, quotas.RUN_TAKES)
        let_go_on(run)
        queue.enqueue(run.id)
    except OSError as error:
        raise _no_room() from error
    finally:
        locks.let_go(lock)
    dispatch()
    return run


def let_go_on(run: Run) -> None:
    """Forget that a run rests, and what was asked of the worker that is gone; it is locked."""
    for command in (STOP, PAUSE):
        run.withdraw(command)
    (run.folder / PAUSED).unlink(missing_ok=True)


def stop_training(run_id: str, owner: str = storage.LOCAL_OWNER) -> Run:
    """``Run.request_stop``, and a worker where one is needed to make the model.

    Raises:
        NotFound: there is no such run.
        BadInput: it belongs to somebody else.
    """
    run = Run(run_id)
    run.request_stop(owner)
    dispatch()
    return run


def dispatch() -> int:
    """See to it that waiting runs have workers; returns how many were started.

    Called at every start and, by the web server, every second: so a killed worker, a killed
    server or a reboot heals by itself. Several processes may call it at once. On a cluster its
    dispatcher is told, which starts tasks by itself.
    """
    if cluster.chosen():
        ray_runs.dispatch()
        return 0
    with _lock:
        _reap()
        if time.monotonic() < _not_before or not queue.queued():
            return 0
        started = 0
        with queue.locked():
            held = slots.occupied()
            if len(held) < slots.slot_count():  # else no look is needed: they pull by themselves
                wanted = len(turns.look()[1]) - sum(not run_id for run_id in held.values())
                while started < wanted and _spawn() is not None:
                    started += 1
        return started


def tend() -> None:
    """What the web server does every second: dispatch, and keep spares, not too many."""
    global _next_spare
    if cluster.chosen():
        ray_runs.tend(_next_spare and _next_spare[1])
        return
    dispatch()
    with _lock:
        wanted = 2 if machine.free_memory() >= PLENTY else 1
        spares = _spares()
        for surplus in spares[wanted:]:
            surplus.process.stdin.close()  # it ends by itself when there is nothing to do
        if _next_spare and time.monotonic() > _next_spare[0]:
            settings, _next_spare = _next_spare[1], None
            _keep_spares(wanted, settings)


def keep_spare(config: TrainingConfig | None = None) -> None:
    """See to it that an idle worker is there, or on its way; returns at once.

    Args:
        config: the training to be ready for (its data set, network and optimizer).
    """
    _keep_spares(1, json.dumps((config or TrainingConfig()).check().to_json()))


def dismiss_spare() -> None:
    """Keep no worker that has nothing to do; those at work end when the queue is empty."""
    global _next_spare
    if cluster.chosen():
        ray_runs.dispatch(spares=0)
        return
    with _lock:
        _next_spare = None
        with queue.locked():
            for worker in [w for w in _workers if w.kept]:
                worker.process.stdin.close()
                if worker.here() and not slots.at_work(worker.slot):
                    worker.process.kill()  # no turn is handed out while we have the queue
                    worker.process.wait()
        dispatch()  # for those who had counted on it


def _put_into_queue(config: TrainingConfig, owner: str, search: dict | None = None) -> Run:
    """A run that waits. The promise comes first: a run without one would be lost if this process
    was killed in between, while a promise without a run is tidied away, though not meanwhile."""
    identifier = storage.new_id()
    try:
        with queue.locked():
            queue.enqueue(identifier)
            run, lock = create_run(config.to_json(), owner, identifier, search)
            locks.let_go(lock)
    except OSError as error:
        queue.withdraw(identifier)
        raise _no_room() from error
    return run


def _from_anywhere(config: TrainingConfig) -> TrainingConfig:
    """A folder's name as a worker finds it, which works elsewhere."""
    if config.dataset in DATASETS or config.dataset.startswith("upload:"):
        return config
    return replace(config, dataset=str(Path(config.dataset).resolve()))


def _keep_spares(wanted: int, settings: str) -> None:
    if cluster.chosen():
        ray_runs.tend(settings)
        return
    with _lock:
        _reap()
        if len(_spares()) >= wanted or time.monotonic() < _not_before:
            return
        with queue.locked():
            idle = sum(not run_id for run_id in slots.occupied().values())
            if idle < wanted and (machine.free_memory() < SPARE_NEEDS or not _spawn(settings)):
                return
        _plan_spare(settings)  # the second; or one of ours, when somebody else's has ended


def _spares() -> list[_Worker]:
    return [w for w in _workers if w.kept and w.here() and not slots.at_work(w.slot)]


def _plan_spare(settings: str) -> None:
    """Have a spare (again) soon, ready for another training like this: classes do the same."""
    global _next_spare
    _next_spare = time.monotonic() + REPLACE_AFTER_S, settings


def _spawn(spare_for: str | None = None) -> _Worker | None:
    """A new worker in a free slot; None when there is none or memory is short.

    The first worker is always tried: a training that waits for ever helps nobody. The caller has
    locked the queue.
    """
    if slots.occupied() and machine.free_memory() < slots.RUN_NEEDS:
        return None
    try:
        slot = slots.take()
    except OSError:  # a full disk
        return None
    if slot is None:
        return None
    command = [*COMMAND, "--slot", str(slot.path), "--descriptor", str(slot.descriptor)]
    if spare_for is not None:
        command += ["--spare", spare_for]
    home = storage.home().resolve()
    try:
        process = subprocess.Popen(
            command,
            cwd=storage.ROOT,
            env={**os.environ, **slots.environment(slot.number), "CNNVIZ_HOME": str(home)},
            stdin=subprocess.DEVNULL if spare_for is None else subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # the worker opens its run's log
            stderr=subprocess.DEVNULL,
            pass_fds=(slot.descriptor,),
            start_new_session=True,
        )
    except OSError:  # no memory for another process
        return None
    finally:
        slot.let_go()  # the worker holds it now
    _workers.append(_Worker(process, slot.number, home))
    return _workers[-1]


def _reap() -> None:
    """Forget workers that have ended, so that the system can."""
    global _not_before
    for worker in [w for w in _workers if w.process.poll() is not None]:
        _workers.remove(worker)
        if worker.process.stdin is not None:
            worker.process.stdin.close()
        idle = worker.here() and not slots.at_work(worker.slot)
        if idle and worker.process.returncode > 0:
            _not_before = time.monotonic() + BROKEN_AFTER_S


def _no_room() -> NotPossible:
    return NotPossible("The disk is full. Delete old trainings, then start again.")
