"""How much memory this process holds at the moment."""

from __future__ import annotations

import tensorflow as tf

from cnnviz import machine


def memory_in_use() -> dict[str, int]:
    """``memory``: resident bytes, where the system tells; ``gpu_memory`` where there is a GPU."""
    found = {}
    if resident := machine.resident_bytes():
        found["memory"] = resident
    if tf.config.list_logical_devices("GPU"):
        found["gpu_memory"] = int(tf.config.experimental.get_memory_info("GPU:0")["current"])
    return found
