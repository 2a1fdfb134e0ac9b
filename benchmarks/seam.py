"""What the way to a compute worker and back costs, beside the same question in this process.

    python benchmarks/seam.py [--model shipped:mnist_lenet5] [--repeat 200]

Prints milliseconds. Inline and worker take turns, so that whatever else the machine does hits both;
answers are not cached. Aim: the difference of the medians is at most 10 ms.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from cnnviz.compute import codec
from cnnviz.compute.inline import InlineEngine
from cnnviz.compute.local import LocalEngine
from cnnviz.compute.sizing import worker_environment


def milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def row(name: str, size: int, inline: list[float], worker: list[float]) -> str:
    """One line of the table: medians, 95th percentiles, and the difference."""
    a, b = np.percentile(inline, [50, 95]), np.percentile(worker, [50, 95])
    return (
        f"{name:<28}{size / 1024:>9.1f}{a[0]:>9.2f}{a[1]:>9.2f}{b[0]:>9.2f}{b[1]:>9.2f}"
        f"{b[0] - a[0]:>10.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="shipped:mnist_lenet5")
    parser.add_argument("--image", default="data:mnist/test/0")
    parser.add_argument("--repeat", type=int, default=200)
    options = parser.parse_args()
    os.environ.update(worker_environment())  # the same threads on both sides
    local, inline = LocalEngine(), InlineEngine()
    if not local.wait_until_ready(120):
        raise SystemExit("the workers did not start; see the logs folder in $CNNVIZ_HOME")
    sample = {"model": options.model, "image": options.image}
    layer = inline.answer("home", **sample)["columns"][0]["layer"]
    questions = {
        "predict": ("predict", sample),
        "feature_maps": ("feature_maps", {**sample, "layer": layer}),
        "heatmaps": ("heatmaps", sample),
        "home": ("home", sample),
    }
    print(f"{'':<28}{'answer':>9}{'inline':>18}{'worker':>18}{'seam':>10}")
    print(f"{'question':<28}{'KiB':>9}{'p50':>9}{'p95':>9}{'p50':>9}{'p95':>9}{'p50, ms':>10}")
    for label, (name, parameters) in questions.items():
        size = len(codec.encode(inline.answer(name, **parameters)))
        local.answer(name, **parameters)  # compiled on both sides now
        times: dict[str, list[float]] = {"inline": [], "worker": []}
        for _ in range(options.repeat):
            times["inline"].append(milliseconds(lambda: inline.answer(name, **parameters)))  # noqa: B023
            times["worker"].append(milliseconds(lambda: local.answer(name, **parameters)))  # noqa: B023
        print(row(label, size, times["inline"], times["worker"]), flush=True)
    local.close()


if __name__ == "__main__":
    main()
