"""The process that carries trainings out: ``python -m cnnviz.training.worker``; see ``launch``.

It takes the run whose turn it is, carries it out, and takes the next, with TensorFlow loaded and
the last network at hand. It ends when the queue is empty, unless its standard input is a pipe:
then it is the spare and stays until somebody closes that, or whoever held it is gone. Once it has
a run, nobody's end is its own; SIGTERM makes it save where it is, so that another can go on.

A worker sees the graphics card of its slot. What a process sees is settled when it starts, so for a
run that learns on all cards it becomes a new program with the same process, slot and locks, which
ends after that run.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from cnnviz import machine
from cnnviz.errors import Unexpected
from cnnviz.runs import attempts, locks, queue, turns
from cnnviz.runs.run import Run
from cnnviz.training import launch, slots
from cnnviz.training.config import TrainingConfig

if TYPE_CHECKING:  # TensorFlow is to be loaded after the process has made itself nice
    from cnnviz.training.network import Network

NICENESS = 10  # the web comes first
POLL_S = 0.05  # between two looks whether somebody has been put into the queue
LOOK_ANYWAY_S = 1.0  # the queue's folder does not tell that another worker was killed
IDLE_S = 5.0  # without a keeper
GROWN_BYTES = 1e9  # more than that since TensorFlow was loaded: it makes room for a new one
GROWN_BYTES_GPU = 3e9  # CUDA's libraries come with the first step
RECYCLE_RUNS = 50
LOG = "log.txt"


class Worker:
    """One slot's worker from its first run to its last.

    Args:
        slot: that it holds; None where something else stands for it (``hosted_worker``).
        spare_for: settings (JSON) to make ready for; None is a worker without a keeper, which
            is here for a run that waits already.
        turn: a run that it has already, and the descriptor of its lock: it sees every card.
    """

    def __init__(
        self, slot: slots.Slot | None, spare_for: str | None, turn: tuple[Run, int] | None = None
    ) -> None:
        self._slot, self._spare_for, self._turn = slot, spare_for, turn
        self._sees_every_card = turn is not None
        self._ready: Network | None = None
        self._told_to_end = self._broken = False
        self._loaded, self._too_large = False, float("inf")
        self._runs = 0
        self._seen, self._idle_since = 0, time.monotonic()

    def work(self) -> None:
        """Carry out runs until there is no reason to stay."""
        signal.signal(signal.SIGTERM, self._end_soon)
        if self._spare_for is not None and self._turn is None:
            self._load()
        while not self._told_to_end and self._slot.valid:
            self._seen = self._queue_changed()
            if turn := self._turn or turns.next_turn(self._slot.note):
                if turns.wants_every_card(turn[0]) and not self._sees_every_card:
                    self._start_over(*turn)
                self._turn = None
                self._carry_out(*turn)
                if self._told_to_end:  # with the run still noted: nobody shall count on us
                    return
                if self._worn_out():
                    self._slot.let_go()
                    launch.dispatch()
                    return
                self._slot.note()
                self._idle_since = time.monotonic()
            elif self._spare_for is not None:
                self._make_ready(self._spare_for)
                self._spare_for = None
            elif not self._wait() and self._leave():
                return

    def _worn_out(self) -> bool:
        grown = machine.resident_bytes() > self._too_large
        return self._broken or grown or self._sees_every_card or self._runs >= RECYCLE_RUNS

    def _start_over(self, run: Run, lock: int) -> None:
        """Become a worker that sees every card and has this run; does not return."""
        for descriptor in (lock, self._slot.descriptor):
            os.set_inheritable(descriptor, True)
        given = [*sys.orig_argv[1:], "--run", run.id, "--lock", str(lock)]
        environment = slots.environment(self._slot.number, every_card=True)
        os.execve(sys.executable, [sys.executable, *given], {**os.environ, **environment})

    def _carry_out(self, run: Run, lock: int) -> None:
        os.set_inheritable(lock, False)
        self._attempt(run)
        locks.let_go(lock)

    def _attempt(self, run: Run) -> None:
        """Carry out a run that nobody else has."""
        attempts.begin(run.folder)
        with contextlib.suppress(OSError):  # a full disk
            _send_output_to(run.folder / LOG)
        self._load()  # where that fails the process ends, and the attempt counts as in vain
        try:
            self._train(run)
        except Exception as error:  # trainings catch theirs: this process or its disk is broken
            self._broken = True
            _give_up(run, error)
        attempts.leave(run.folder)
        _send_output_to(Path(os.devnull))
        self._runs += 1

    def _train(self, run: Run) -> None:
        how = {
            "ready": self._ready,
            "should_yield": lambda: self._told_to_end,
            "on_network": self._keep_network,
        }
        if run.search is None:
            from cnnviz.training.loop import carry_out

            carry_out(run, **how)
            return
        from cnnviz.training.search import NEXT, carry_out_trial  # few want KerasTuner

        if carry_out_trial(run, **how) == NEXT:
            queue.requeue(run.id)  # a trial is a turn: others come first who have waited

    def _keep_network(self, network: Network) -> None:
        self._ready = network

    def _load(self) -> None:
        if self._loaded:
            return
        from cnnviz.training.devices import set_up_devices

        set_up_devices()
        self._loaded = True
        grown = GROWN_BYTES_GPU if machine.gpus() else GROWN_BYTES
        self._too_large = machine.resident_bytes() + grown

    def _make_ready(self, settings: str) -> None:
        """Have the data and a traced network for a training like this."""
        with contextlib.suppress(Exception):  # its data set may have been deleted
            from cnnviz.datasets.loading import load_dataset
            from cnnviz.training.network import Network

            config = TrainingConfig.from_json(settings).check()
            val = load_dataset(config.dataset, "val")
            load_dataset(config.dataset, "train")  # decoded once, kept
            network = Network(config, val.images.shape[1:], len(val.class_names))
            network.warm_up(config.batch_size)
            self._ready = network

    def _wait(self) -> bool:
        """Until the queue may have changed; False when it is time to go."""
        began = time.monotonic()
        while not self._told_to_end and self._slot.valid:
            kept = _somebody_keeps_us(POLL_S)
            if not kept:
                if time.monotonic() - self._idle_since > IDLE_S:
                    return False
                time.sleep(POLL_S)
            if self._queue_changed() != self._seen or time.monotonic() - began > LOOK_ANYWAY_S:
                return True
        return False

    def _queue_changed(self) -> int:
        """When runs were last put in or taken out; 0 when the home is gone."""
        try:
            return self._slot.path.parents[1].stat().st_mtime_ns
        except OSError:
            return 0

    def _leave(self) -> bool:
        """Give the slot back, unless somebody counts on us: no run may fall between two looks."""
        if self._told_to_end or not self._slot.valid:
            return True
        with queue.locked():
            if turns.look()[1]:
                return False
            self._slot.let_go()
            return True

    def _end_soon(self, _number: int, _frame: object) -> None:
        self._told_to_end = True


def settle() -> None:
    """Stand back behind the web, and be the first to go where memory runs out."""
    machine.stand_back(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slot", type=Path, required=True, help="file of the slot")
    parser.add_argument("--descriptor", type=int, required=True, help="its lock, inherited")
    parser.add_argument("--spare", help="make ready for these settings (JSON), then wait")
    parser.add_argument("--run", type=Run, help="begin with this one, whose lock we have")
    parser.add_argument("--lock", type=int, help="its descriptor, inherited")
    given = parser.parse_args()
    turn = given.run and (given.run, given.lock)
    if turn is None:
        settle()  # else we are what has become of a process that did
    os.set_inheritable(given.descriptor, False)
    Worker(slots.Slot(given.slot, given.descriptor), given.spare, turn).work()
    sys.stdout.flush()
    os._exit(0)  # all is written; TensorFlow would take its time to end


def _somebody_keeps_us(seconds: float) -> bool:
    """Whether standard input is an open pipe; looks for so long, or until it closes."""
    return not select.select([0], [], [], seconds)[0] or bool(os.read(0, 1))


def _give_up(run: Run, error: Exception) -> None:
    """End a run as failed; where not even that can be written, it is lost, not tried for ever."""
    reason = Unexpected(
        "The training broke off for a reason that we did not foresee. Its log says more: “{name}”.",
        name=type(error).__name__,
    )
    with contextlib.suppress(OSError):
        traceback.print_exception(error)
    with contextlib.suppress(OSError):
        if run.outcome is None:
            run.end("failed", reason)
    queue.withdraw(run.id)


def _send_output_to(path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):  # a full disk
                stream.flush()
            os.dup2(file.fileno(), stream.fileno())


if __name__ == "__main__":
    main()
