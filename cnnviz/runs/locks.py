"""Whether something is alive: its process holds an operating system lock for as long as it lives.

The lock belongs to an open file, not to a process: whoever starts a run locks it before anybody
can see it and can hand the open file on to another process, so that there is no moment without a
holder. The kernel lets go when the last process that has the file open ends, however it ends.

On a cluster the same names stand for leases (``leases``), which cannot be handed on.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from cnnviz import cluster
from cnnviz.runs import leases

FILE = "lock"
HOSTED = "CNNVIZ_HOSTED"  # set by training/hosting.py

Hold = int | leases.Lease  # the descriptor of an open file, or a lease


def take(folder: Path, patience: float = 1.0) -> Hold | None:
    """Lock a run folder; what to keep (a file descriptor, open), or None when the run is alive.

    ``patience`` in seconds outlasts a status check that happens at the same moment.

    In a process that a cluster's task hosts (``HOSTED``) everybody else is kept away by the task's
    lease; a file lock on shared storage could outlive the machine that had it.
    """
    if os.environ.get(HOSTED):
        return os.open(os.devnull, os.O_RDONLY)
    if cluster.chosen():
        return leases.take(leases.run_key(folder), patience)
    return take_file(folder / FILE, patience)


def is_held(folder: Path) -> bool:
    """Whether some process holds the lock, without disturbing others who ask."""
    if cluster.chosen():
        return leases.is_held(leases.run_key(folder))
    return is_file_held(folder / FILE)


def take_file(path: Path, patience: float = 0.0) -> Hold | None:
    """Lock a file, made when it is missing; the descriptor to keep open, or None when it is held.

    ``patience`` in seconds, infinite to wait for as long as it takes.
    """
    if cluster.chosen():
        return leases.take(leases.file_key(path), patience)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if patience == float("inf"):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                return None
            time.sleep(0.01)


def is_file_held(path: Path) -> bool:
    """Whether some process holds the lock of a file."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def let_go(hold: Hold) -> None:
    """Close this process's hold on a lock; others that share the open file keep theirs."""
    if isinstance(hold, leases.Lease):
        leases.let_go(hold)
    else:
        os.close(hold)
