"""How much memory this process holds at the moment."""

from __future__ import annotations

import tensorflow as tf

from cnnviz import machine


def memory_in_use() -> dict[str, int]:
    """``memory``: resident bytes, where the system tells; ``gpu_memory`` where there are GPUs."""
    found = {}
    if resident := machine.resident_bytes():
        found["memory"] = resident
    if cards := len(tf.config.list_logical_devices("GPU")):
        taken = (tf.config.experimental.get_memory_info(f"GPU:{n}") for n in range(cards))
        found["gpu_memory"] = sum(int(memory["current"]) for memory in taken)
    return found
