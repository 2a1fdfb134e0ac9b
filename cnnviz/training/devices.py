"""The hardware that this process trains on."""

from __future__ import annotations

import platform
from pathlib import Path

import cv2
import tensorflow as tf

from cnnviz.machine import cores


def set_up_devices() -> None:
    """Use every core that we may, and only as much GPU memory as is needed.

    To be called before TensorFlow does anything.
    """
    cv2.setNumThreads(1)  # on small images its threads cost more than they do
    tf.config.threading.set_intra_op_parallelism_threads(cores())
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def describe_device() -> dict:
    """``device`` ("GPU" or "CPU"), ``device_name`` and ``cores``, for the start of the diary."""
    if gpus := tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(gpus[0])
        return {"device": "GPU", "device_name": details.get("device_name", ""), "cores": cores()}
    return {"device": "CPU", "device_name": _processor(), "cores": cores()}


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()
