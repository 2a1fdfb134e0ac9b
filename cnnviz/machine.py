"""What this machine has for us: memory, cores, graphics cards. Nothing here loads TensorFlow."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_USED = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")
_DETAILS = ("/sys/fs/cgroup/memory.stat", "/sys/fs/cgroup/memory/memory.stat")
_GPUS = Path("/proc/driver/nvidia/gpus")
_DEVICES = Path("/dev")
_ARENAS, _OWN_PAGES = -8, -3  # M_ARENA_MAX and M_MMAP_THRESHOLD of malloc.h
ALL_GPUS = "CNNVIZ_GPUS"  # in the environment of a process that was given one of several cards


def memory() -> int:
    """Bytes of memory this process may count on: the machine's, or the container's limit."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([total, *filter(None, map(_number, _LIMITS))])


def free_memory() -> float:
    """Bytes that new processes may use; infinite where the system does not say."""
    free = float("inf")
    for line in _text("/proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            free = float(line.split()[1]) * 1024
    for limit, used, details in zip(_LIMITS, _USED, _DETAILS, strict=True):
        allowed, taken = _number(limit), _number(used)
        if allowed is not None and taken is not None:
            free = min(free, allowed - taken + _given_back_when_short(details))
    return free


def cores() -> int:
    """Cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return max(len(os.sched_getaffinity(0)), 1)
    return os.cpu_count() or 1


def gpus() -> list[str]:
    """NVIDIA cards that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them."""
    present = [str(number) for number in range(_gpus_present())]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not present:
        return present
    chosen = []
    for name in map(str.strip, visible.split(",")):
        if name.isdecimal() and name not in present or name in ("", "-1"):
            break  # as CUDA does: what comes after a device that is not there does not count
        chosen.append(name)
    return chosen


def all_gpus() -> list[str]:
    """The cards that trainings here share, in a process that was given one of them as well."""
    given = os.environ.get(ALL_GPUS, "")
    return given.split(",") if given else gpus()


def resident_bytes(pid: int | None = None) -> int:
    """Memory this process, or another one of ours, takes up now; 0 where that is not known."""
    try:
        pages = int(_text(f"/proc/{pid or 'self'}/statm").split()[1])
    except (ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _gpus_present() -> int:
    """The driver lists its cards; in a container only their device files may be there."""
    listed = len(list(_GPUS.iterdir())) if _GPUS.is_dir() else 0
    return listed or len(list(_DEVICES.glob("nvidia[0-9]*")))


def _given_back_when_short(details: str) -> int:
    """Bytes of a container's files in memory, which the system drops before anything fails."""
    for line in _text(details).splitlines():
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


def _number(path: str) -> int | None:
    try:
        return int(_text(path))
    except ValueError:  # "max", or not there
        return None


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def keep_memory_together() -> None:
    """Have this process, of many threads, give back what it does not need any more.

    glibc's threads take memory from up to eight places for each core, what is free in one is of no
    use to another, and large pieces come to lie among small ones that stay. Other systems keep what
    they have.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_ARENAS, 2)
        libc.mallopt(_OWN_PAGES, 1 << 18)


def give_back_memory() -> None:
    """Hand to the system what lies unused between other things."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def stand_back(niceness: int) -> None:
    """Let everybody else have the processor first; for a process in a session of its own.

    Linux shares the processor between sessions before it looks at processes ("autogroup", on by
    default in most distributions): the niceness of a process counts within its session only.
    """
    os.nice(niceness)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(niceness))
