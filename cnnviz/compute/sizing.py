"""How many workers this machine carries, and how they are set up."""

from __future__ import annotations

import os

from cnnviz.machine import cores, memory

MEMORY = "CNNVIZ_MEMORY_MB"
WORKER_BYTES = 600 * 10**6  # TensorFlow and a few models, measured
_RECYCLE_BYTES = 2_500 * 10**6  # a worker that has grown beyond this is replaced when it is idle
_WEB_BYTES = 400 * 10**6
_LEAST_BYTES, _MOST_BYTES = 1_500 * 10**6, 8_000 * 10**6  # that one worker may take up
_TINY_BYTES = 1_000 * 10**6  # with less it cannot answer anything about a large network
_SHARE = 0.6  # of the machine's memory for all workers; the rest is for the web and trainings
_RESERVE_FROM = 4_000 * 10**6


def worker_count() -> int:
    """``$CNNVIZ_WORKERS`` if it is a number from 1 to 16, else two, or one on a small machine."""
    wanted = os.environ.get("CNNVIZ_WORKERS", "")
    if wanted.isdecimal() and 1 <= int(wanted) <= 16:
        return int(wanted)
    return 2 if memory() >= _WEB_BYTES + 2 * WORKER_BYTES else 1


def has_reserve() -> bool:
    """Whether one more worker for quick questions may be started when they have to wait."""
    return not os.environ.get("CNNVIZ_WORKERS") and memory() >= _RESERVE_FROM


def worker_memory(count: int, machine: int | None = None) -> int:
    """Bytes that one of so many workers may take up, TensorFlow (0.7 GB) included.

    ``machine`` is what their machine has, in bytes; None for this one.

    ``$CNNVIZ_MEMORY_MB`` is for all of them together; else it is a share of what the machine, or
    the container, has. A question that would need more is refused, and a worker that takes more is
    ended.
    """
    wanted = os.environ.get(MEMORY, "")
    if wanted.isdecimal() and int(wanted) > 0:
        return max(int(wanted) * 10**6 // count, _TINY_BYTES)
    return int(min(max(_SHARE * (machine or memory()) / count, _LEAST_BYTES), _MOST_BYTES))


def recycle_bytes(limit: int) -> int:
    """From which size on a worker is replaced when it is idle: TensorFlow gives little back."""
    return min(_RECYCLE_BYTES, (WORKER_BYTES + limit) // 2)


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
