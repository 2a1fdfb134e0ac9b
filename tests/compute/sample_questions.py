"""Questions for the tests of the engine: none of them needs TensorFlow."""

import logging
import os
import signal
import sys
import time

import numpy as np

from cnnviz import logs
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
    "crash": QuestionKind(_HERE + "crash", defaults={"tag": ""}),
    "eat": QuestionKind(_HERE + "eat", required=("megabytes",), cost="long", limit_s=60),
    "gulp": QuestionKind(_HERE + "gulp", required=("megabytes",), cost="long", limit_s=60),
    "stepwise": QuestionKind(
        _HERE + "stepwise",
        required=("steps",),
        defaults={"step_s": 0.2, "tag": ""},
        cost="long",
        limit_s=60,
    ),
    "stubborn": QuestionKind(
        _HERE + "stepwise",
        required=("steps",),
        defaults={"step_s": 0.2, "tag": ""},
        cost="long",
        limit_s=60,
        yields=False,
    ),
    "opens": QuestionKind(
        _HERE + "opens", required=("model",), defaults={"seconds": 0.0, "tag": ""}, limit_s=60
    ),
    "numbered": QuestionKind(_HERE + "numbered", cached=False),
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


def crash(context, tag):
    """What a defect in a library does: no exception, no word."""
    os.kill(os.getpid(), signal.SIGSEGV)


def eat(context, megabytes):
    """Takes memory and uses it, a bit at a time."""
    eaten = []
    for _ in range(megabytes // 10):
        eaten.append(np.ones(10 * 2**20 // 8))
        time.sleep(0.005)
    return {"eaten": len(eaten)}


def gulp(context, megabytes):
    """Takes memory in one go."""
    return {"sum": float(np.ones(megabytes * 2**20 // 8).sum())}


def stepwise(context, steps, step_s, tag):
    """Looks up between steps only, as a pass over batches does."""
    for i in range(steps):
        context.report(i / steps, "Counting steps")
        time.sleep(step_s)
    return {"pid": os.getpid()}


def opens(context, model, seconds, tag):
    """Said to be quick; what has to be loaded and compiled takes its time."""
    time.sleep(seconds)
    return {"pid": os.getpid()}


def numbered(context):
    logging.getLogger("cnnviz.compute").info("counted")
    return {"number": logs.number()}


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
