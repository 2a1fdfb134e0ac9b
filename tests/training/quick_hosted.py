"""A training process as ``hosting`` starts it, whose trainings are those of ``quick_worker``.

An epoch takes ``$QUICK_EPOCH_S`` seconds, in which nothing is computed.
"""

import os

from cnnviz.training import hosted_worker, worker
from tests.training import quick_worker

if __name__ == "__main__":
    worker.Worker._load = lambda self: None
    worker.Worker._make_ready = lambda self, settings: None
    worker.Worker._train = quick_worker.carry_out
    worker.Worker._worn_out = lambda self: self._broken
    quick_worker.EPOCH_S = float(os.environ.get("QUICK_EPOCH_S", quick_worker.EPOCH_S))
    hosted_worker.main()
