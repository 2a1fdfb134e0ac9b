"""A training worker on a node of a cluster: ``python -m cnnviz.training.hosted_worker``.

It is told by its host (``hosting``), a Ray task beside it, which run to carry out, and until when
the host's lease on that run lasts. The kernel ends this process at that moment, whatever it is
doing, unless it was told of a later one: so no two processes ever write the same run.

Lines on standard input:   ``run <id> <until>`` · ``until <until>`` (``time.monotonic``) · the end:
                           the host is gone; save where it is, and end
Lines to the host:         ``ready`` · ``done`` · ``worn`` (done, and it needs a successor)
"""

from __future__ import annotations

import argparse
import os
import queue
import signal
import sys
import threading
import time

from cnnviz.runs.run import Run
from cnnviz.training import worker
from cnnviz.training.hosting import DONE, READY, WORN


class HostedWorker(worker.Worker):
    """Carries out the runs that its host hands over, one after the other.

    Args:
        answers: the descriptor on which the host reads.
        spare_for: settings (JSON) to make ready for; None for none.
    """

    def __init__(self, answers: int, spare_for: str | None) -> None:
        super().__init__(None, spare_for)
        self._answers = answers
        self._given: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._timer = threading.Lock()
        self._leased = False

    def work(self) -> None:
        signal.signal(signal.SIGTERM, self._end_soon)
        threading.Thread(target=self._listen, daemon=True, name="listen").start()
        # Before a run is taken: whatever loads for seconds could not hear of a longer lease.
        self._load()
        if self._spare_for is not None:
            self._make_ready(self._spare_for)
        self._tell(READY)
        while (run_id := self._given.get()) is not None:
            self._attempt(Run(run_id))
            with self._timer:
                self._leased = False
                signal.setitimer(signal.ITIMER_REAL, 0)
            if self._told_to_end or self._worn_out():
                self._tell(WORN)
                return
            self._tell(DONE)

    def _listen(self) -> None:
        for line in sys.stdin:
            kind, *rest = line.split()
            if kind == "run":
                with self._timer:
                    self._leased = True
            self._end_at(float(rest[-1]))
            if kind == "run":
                self._given.put(rest[0])
        self._told_to_end = True
        self._given.put(None)

    def _end_at(self, moment: float) -> None:
        """Have the kernel end this process then, while it has a run."""
        with self._timer:
            if self._leased:
                left = max(moment - time.monotonic(), 1e-3)
                signal.setitimer(signal.ITIMER_REAL, left)  # SIGALRM, which nobody handles

    def _tell(self, word: str) -> None:
        try:
            os.write(self._answers, f"{word}\n".encode())
        except OSError:  # the host is gone
            self._told_to_end = True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, required=True, help="descriptor the host reads")
    parser.add_argument("--spare", help="make ready for these settings (JSON), then wait")
    given = parser.parse_args()
    worker.settle()
    os.set_inheritable(given.answers, False)
    HostedWorker(given.answers, given.spare).work()
    sys.stdout.flush()
    os._exit(0)  # all is written; TensorFlow would take its time to end


if __name__ == "__main__":
    main()
