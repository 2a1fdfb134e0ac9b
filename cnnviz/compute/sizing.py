"""How many workers this machine carries, and how they are set up."""

from __future__ import annotations

import os
from pathlib import Path

WORKER_BYTES = 600 * 10**6  # TensorFlow and a few models, measured
RECYCLE_BYTES = 2_500 * 10**6  # a worker that has grown beyond this is replaced when it is idle
_WEB_BYTES = 400 * 10**6
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def worker_count() -> int:
    """``$CNNVIZ_WORKERS`` if it is a number from 1 to 16, else two, or one on a small machine."""
    wanted = os.environ.get("CNNVIZ_WORKERS", "")
    if wanted.isdecimal() and 1 <= int(wanted) <= 16:
        return int(wanted)
    return 2 if memory() >= _WEB_BYTES + 2 * WORKER_BYTES else 1


def memory() -> int:
    """Bytes of memory this process may count on: the machine's, or the container's limit."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in _CGROUP_LIMITS:
        try:
            total = min(total, int(Path(name).read_text()))
        except (OSError, ValueError):  # not Linux, or "max"
            continue
    return total


def cores() -> int:
    """Cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(len(os.sched_getaffinity(0)), 1)
    return os.cpu_count() or 1


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


def resident_bytes() -> int:
    """Memory this process takes up now; 0 where that cannot be known."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
