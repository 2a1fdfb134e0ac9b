"""What carries runs out on a node of a cluster: a Ray task with a training process beside it.

The task holds what Ray lent it (cores, graphics cards or parts of them) as a local worker holds a
slot: it takes the run whose turn it is, with a lease, has its process carry it out, and takes the
next. The process tells time by the lease (``hosted_worker``); when the task or its node ends, so
does the process, the lease ends a little later, and the run goes on elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from typing import Any

from cnnviz import cluster, storage
from cnnviz.runs import leases, locks, turns
from cnnviz.runs.run import Run

DISPATCHER = "trainings"
LEFT, BROKEN = "left", "broken"
READY, DONE, WORN = "ready", "done", "worn"  # what the training process says
BEAT_S = 0.5  # between two words about the lease
IDLE_LOOK_S = 0.2
_END_S = 3.0  # what the process has to save where it is


def carry_out_runs(number: int, command: tuple[str, ...], ready_for: str | None) -> str:
    """The Ray task: carry out runs until nobody needs it any more.

    Args:
        number: by which the dispatcher (``ray_runs``) knows this task.
        command: arguments of Python that start the training process.
        ready_for: settings (JSON) that the process makes itself ready for.

    Returns:
        ``left``, or ``broken`` where the process ends before it can take a run.
    """
    import ray

    dispatcher = ray.get_actor(cluster.actor_name(DISPATCHER), cluster.NAMESPACE)
    if not cluster.answer(dispatcher.needed.remote(number)):
        return LEFT
    process = _Process(command, ready_for)
    try:
        if process.answer(None) != READY:
            return BROKEN
        while True:
            turn = turns.next_turn(lambda run_id: dispatcher.note.remote(number, run_id))
            if turn is None:
                if not _wait(dispatcher, number, process):
                    return LEFT
                continue
            stays = _attend(process, *turn)
            if not stays:
                return LEFT
            dispatcher.note.remote(number, "")
    finally:
        process.end()


def _attend(process: _Process, run: Run, lease: locks.Hold) -> bool:
    """Have a run carried out; whether the process can take another."""
    process.send(f"run {run.id} {lease.until}")
    while lease.valid:
        word = process.answer(BEAT_S)
        if word is not None:  # it has left the run, or it is gone
            leases.let_go(lease)
            return word not in (WORN, "")
        process.send(f"until {lease.until}")
    process.kill()  # the kernel was asked to do so anyway
    return False


def _wait(dispatcher: Any, number: int, process: _Process) -> bool:
    """Until a run may be waiting; False when it is time to go."""
    before, stay = cluster.answer(dispatcher.news.remote(number))
    while stay:
        if process.answer(IDLE_LOOK_S) is not None:  # it has ended, or talks nonsense
            return False
        now, stay = cluster.answer(dispatcher.news.remote(number))
        if now != before:
            return True
    return False


class _Process:
    """The training process: lines to it, lines from it."""

    def __init__(self, command: tuple[str, ...], ready_for: str | None) -> None:
        self._answers, theirs = os.pipe()
        self._buffer = b""
        line = [sys.executable, *command, "--answers", str(theirs)]
        line += ["--spare", ready_for] if ready_for is not None else []
        try:
            self._process = subprocess.Popen(
                line,
                cwd=storage.ROOT,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,  # the worker opens its run's log
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs,),
                start_new_session=True,
            )
        finally:
            os.close(theirs)

    def send(self, line: str) -> None:
        with contextlib.suppress(OSError):  # gone: its next answer is ""
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def answer(self, seconds: float | None) -> str | None:
        """Its next word; "" when it has ended, None when the time ran out before."""
        until = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([self._answers], [], [], left)[0]:
                return None
            if not (data := os.read(self._answers, 100)):
                return ""
            self._buffer += data
        word, _, self._buffer = self._buffer.partition(b"\n")
        return word.decode()

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        """Let it save where it is; then make sure that it is gone."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._answers)


def _environment() -> dict[str, str]:
    """The process sees what Ray lent this task and nothing else, and has no part in the cluster."""
    import ray

    lent = ray.get_runtime_context().get_accelerator_ids().get("GPU", [])
    unwanted = {cluster.VARIABLE, "OMP_NUM_THREADS"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, locks.HOSTED: "1", "CUDA_VISIBLE_DEVICES": ",".join(lent)}
