"""How many workers this machine carries, and how they are set up."""

from __future__ import annotations

import os

from cnnviz.machine import cores, memory

WORKER_BYTES = 600 * 10**6  # TensorFlow and a few models, measured
RECYCLE_BYTES = 2_500 * 10**6  # a worker that has grown beyond this is replaced when it is idle
_WEB_BYTES = 400 * 10**6


def worker_count() -> int:
    """``$CNNVIZ_WORKERS`` if it is a number from 1 to 16, else two, or one on a small machine."""
    wanted = os.environ.get("CNNVIZ_WORKERS", "")
    if wanted.isdecimal() and 1 <= int(wanted) <= 16:
        return int(wanted)
    return 2 if memory() >= _WEB_BYTES + 2 * WORKER_BYTES else 1


def worker_environment() -> dict[str, str]:
    """What a worker's environment has on top of ours.

    Threads: quick questions are short and long ones are niced, so both may use all cores; beyond
    eight, more threads only make starts slower.
    """
    threads = str(min(cores(), 8))
    defaults = {
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": "2" if int(threads) > 1 else "1",
        "OMP_WAIT_POLICY": "passive",  # threads that wait must not keep others off the cores
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "KERAS_BACKEND": "tensorflow",
    }
    fixed = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "PYTHONUNBUFFERED": "1"}
    return {**{k: os.environ.get(k, v) for k, v in defaults.items()}, **fixed}
