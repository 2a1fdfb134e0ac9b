"""How much memory this process holds at the moment."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import tensorflow as tf

_STATM = Path("/proc/self/statm")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def memory_in_use() -> dict[str, int]:
    """``memory``: resident bytes, where the system tells; ``gpu_memory`` where there is a GPU."""
    found = {}
    with contextlib.suppress(OSError):  # not Linux
        found["memory"] = int(_STATM.read_text().split()[1]) * _PAGE
    if tf.config.list_logical_devices("GPU"):
        found["gpu_memory"] = int(tf.config.experimental.get_memory_info("GPU:0")["current"])
    return found
