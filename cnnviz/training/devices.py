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


def describe_device(count: int = 1) -> dict:
    """``device`` ("GPU" or "CPU"), ``device_name`` and ``cores``, for the start of the diary.

    ``count`` is the number of devices that share the work; the name says it: "2 × …".
    """
    if gpus := tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(gpus[0])
        device, name = "GPU", details.get("device_name", "")
    else:
        device, name = "CPU", _processor()
    if count > 1:
        name = f"{count} × {name}"
    return {"device": device, "device_name": name, "cores": cores()}


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()
