"""Questions for the tests of the engine: none of them needs TensorFlow."""

import os
import signal
import sys
import time

import numpy as np

from cnnviz.compute.registry import QuestionKind, Registry
from cnnviz.errors import BadInput

_HERE = "tests.compute.sample_questions:"
QUESTIONS = {
    "echo": QuestionKind(_HERE + "echo", required=("value",), cached=False),
    "arrays": QuestionKind(_HERE + "arrays", defaults={"n": 3}),
    "count": QuestionKind(_HERE + "count", required=("file",), defaults={"seconds": 0.0}),
    "slow": QuestionKind(
        _HERE + "slow", required=("seconds",), defaults={"tag": ""}, cost="long", limit_s=60
    ),
    "deaf": QuestionKind(_HERE + "deaf", required=("seconds",), cost="quick", limit_s=60),
    "short": QuestionKind(_HERE + "deaf", required=("seconds",), cost="quick", limit_s=0.5),
    "wrong": QuestionKind(_HERE + "wrong", required=("how",), cached=False),
    "suicide": QuestionKind(_HERE + "suicide", cached=False),
    "noise": QuestionKind(_HERE + "noise", cached=False),
    "worker": QuestionKind(_HERE + "worker", cached=False),
    "long_worker": QuestionKind(_HERE + "worker", cached=False, cost="long"),
}
REGISTRY = Registry(QUESTIONS)


def echo(context, value):
    return {"value": value}


def arrays(context, n):
    return {
        "floats": np.arange(n, dtype=np.float32) / 3,
        "tiles": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        "empty": np.zeros((0, 4), np.int64),
        "bytes": b"\x00\xff",
    }


def count(context, file, seconds):
    """Adds a line to a file each time it is computed."""
    with open(file, "a") as lines:  # noqa: PTH123
        lines.write("computed\n")
    time.sleep(seconds)
    return {"pid": os.getpid()}


def slow(context, seconds, tag):
    """Reports often, with frames, and listens to cancellation."""
    start = time.monotonic()
    step = 0
    while (passed := time.monotonic() - start) < seconds:
        context.report(passed / seconds, "Counting steps", {"step": np.array([step])})
        time.sleep(0.01)
        step += 1
    return {"steps": step, "pid": os.getpid()}


def deaf(context, seconds):
    """Never asks whether it is still wanted."""
    time.sleep(seconds)
    return {"pid": os.getpid()}


def wrong(context, how):
    if how == "input":
        raise BadInput("“{name}” is too green.", name="grass")
    if how == "memory":
        raise MemoryError
    if how == "recursion":
        return wrong(context, how)
    if how == "object":
        return {"value": object()}
    raise RuntimeError("secret detail")


def suicide(context):
    os.kill(os.getpid(), signal.SIGKILL)


def noise(context):
    """What libraries do to standard output."""
    print("hello from print", flush=True)
    os.write(1, b"\x00\x01 raw bytes on descriptor 1\n")
    sys.stderr.write("a warning\n")
    return {"quiet": True}


def worker(context):
    return {
        "pid": os.getpid(),
        "nice": os.nice(0),
        "threads": os.environ["TF_NUM_INTRAOP_THREADS"],
        "tensorflow": "tensorflow" in sys.modules,
        "memory_growth": os.environ.get("TF_FORCE_GPU_ALLOW_GROWTH"),
    }
