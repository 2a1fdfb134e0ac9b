"""Starting trainings from a process that must stay quick and without TensorFlow.

Each training is a process in a session of its own, so that it outlives a closed tab, a rerun and
the web server. Because loading TensorFlow takes seconds, one spare process is kept that has done
so, with the network of the training that is most likely to come.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from cnnviz import storage
from cnnviz.errors import BadInput, CnnvizError, NotPossible
from cnnviz.runs import locks
from cnnviz.runs.run import STOP, Run, create_run
from cnnviz.training.config import TrainingConfig

RUN_NEEDS = 0.75e9  # bytes of memory of a training
SPARE_NEEDS = 1.5e9  # bytes of free memory, below which no spare is kept
REPLACE_AFTER_S = 10.0  # let a training get going before the next spare loads TensorFlow


class _Spare:
    """A process that waits for a run at the other end of a socket."""

    def __init__(self, settings: str) -> None:
        self.settings = settings
        self._line, theirs = socket.socketpair()
        with theirs:
            self.process = _spawn(["--spare", settings], stdin=theirs.fileno())

    def alive(self) -> bool:
        return self.process.poll() is None

    def give(self, run: Run, lock: int) -> bool:
        """Hand over a run with its lock; False when the process has gone."""
        message = {"run": run.id, "home": str(storage.home().resolve())}
        with self._line:
            try:
                socket.send_fds(self._line, [json.dumps(message).encode()], [lock])
            except OSError:
                return False
        return self.alive()

    def dismiss(self) -> None:
        """End it at once: it has nothing to lose."""
        self._line.close()
        self.process.kill()
        self.process.wait()


_lock = threading.Lock()
_spare: _Spare | None = None
_workers: list[subprocess.Popen] = []


def start_training(
    config: TrainingConfig, owner: str = storage.LOCAL_OWNER, folders: bool = True
) -> Run:
    """Begin a training in a process of its own and return at once.

    Args:
        config: what to train; ``TrainingConfig()`` works.
        owner: whose run it is.
        folders: whether the data set may be a path on this machine (never from a web page).

    Raises:
        BadInput: a setting is unknown or out of range.
        NotPossible: there is no memory for another training now.
    """
    checked = config.check(folders)
    if not (_spare and _spare.alive()) and _free_memory() < RUN_NEEDS:
        raise NotPossible(
            "This machine has no memory left for another training. Try again when one has ended."
        )
    run, lock = create_run(checked.to_json(), owner)
    try:
        _hand_over(run, lock)
    finally:
        locks.let_go(lock)
    return run


def resume_training(run_id: str, owner: str = storage.LOCAL_OWNER) -> Run:
    """Go on with a run whose worker was killed, from its last whole epoch; returns at once.

    Raises:
        NotFound: there is no such run.
        BadInput: it belongs to somebody else, is still at work, or has ended by itself.
    """
    run = Run(run_id)
    run.check_owner(owner)
    lock = locks.take(run.folder) if run.status == "lost" else None
    if lock is None:
        raise BadInput("Only a training that broke off can be resumed.")
    try:
        run.withdraw(STOP)  # it was meant for the worker that is gone
        _hand_over(run, lock)
    finally:
        locks.let_go(lock)
    return run


def keep_spare(config: TrainingConfig | None = None) -> None:
    """See to it that a spare process is there, or on its way; returns at once.

    Args:
        config: the training to be ready for (its data set, network and optimizer).
    """
    global _spare
    settings = json.dumps((config or TrainingConfig()).check().to_json())
    with _lock:
        _reap()
        if _spare and _spare.alive():
            return
        if _free_memory() >= SPARE_NEEDS:
            _spare = _Spare(settings)


def dismiss_spare() -> None:
    """End the spare process, if there is one."""
    global _spare
    with _lock:
        spare, _spare = _spare, None
    if spare:
        spare.dismiss()


def _hand_over(run: Run, lock: int) -> None:
    """Give a run to the spare, or to a new process when there is none."""
    global _spare
    with _lock:
        _reap()
        spare, _spare = _spare, None
        if spare and spare.give(run, lock):
            _workers.append(spare.process)
            _replace_later(run)
            return
        _workers.append(_spawn(["--run", run.id, "--lock", str(lock)], pass_fds=(lock,)))


def _replace_later(run: Run) -> None:
    """Have a spare again soon, ready for another training like this one: classes do the same."""

    def replace() -> None:
        time.sleep(REPLACE_AFTER_S)
        with contextlib.suppress(CnnvizError):  # its data set may have been deleted
            keep_spare(TrainingConfig.from_json(run.config))

    threading.Thread(target=replace, name="next-spare", daemon=True).start()


def _spawn(
    arguments: list[str], stdin: int = subprocess.DEVNULL, pass_fds: tuple[int, ...] = ()
) -> subprocess.Popen:
    environment = {**os.environ, "CNNVIZ_HOME": str(storage.home().resolve())}
    return subprocess.Popen(
        [sys.executable, "-m", "cnnviz.training.worker", *arguments],
        cwd=storage.ROOT,
        env=environment,
        stdin=stdin,
        stdout=subprocess.DEVNULL,  # the worker opens its run's log
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
        start_new_session=True,
    )


def _reap() -> None:
    """Forget workers that have ended, so that the system can."""
    _workers[:] = [w for w in _workers if w.poll() is None]


def _free_memory() -> float:
    """Bytes that new processes may use; plenty where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    except OSError:
        pass
    return float("inf")
