"""What a Ray cluster costs and brings: ``python -m benchmarks.cluster [--small]``.

The cluster is a real one (a head and two nodes, all on this machine), so is everything of ours:
queue, turns, leases, Ray tasks and training processes.

**Overhead.** The same training of about a minute, started as a page does, on the local engine and
on the cluster in turn, each with its warm spare: seconds until the first step and until the run has
ended, in pairs, and the median difference. Bar: Ray's overhead is less than 5 s.

**Two nodes against one.** Forty runs on one node that carries one training at a time, then on two.
One machine cannot lend its cores twice, so these runs are *simulated*: the training process is
``tests.training.quick_hosted``, whose epochs sleep instead of computing. Bar: two nodes take less
than 0.6 of the time of one.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.tables import Row, show
from cnnviz.runs.run import Run
from cnnviz.training import launch, ray_runs
from cnnviz.training.config import TrainingConfig
from tests.ray_nodes import Nodes, ray_nodes

SIMULATED = ("-m", "tests.training.quick_hosted")
EPOCH_S = 0.5  # of a simulated run


def timed(config: TrainingConfig) -> tuple[float, float, Run]:
    """Seconds from the start of a run to its first step and to its end, tended as by a server."""
    began, first = time.monotonic(), 0.0
    run = launch.start_training(config)
    tended = 0.0
    while run.pending:
        if not first and any(e["kind"] == "batch" for e in run.events()):
            first = time.monotonic() - began
        if time.monotonic() - tended > 1:
            launch.tend()
            tended = time.monotonic()
        time.sleep(0.02)
    assert run.status == "finished", run.error
    return first, time.monotonic() - began, run


def rest(seconds: float) -> None:
    """Let the spare get ready, as between two lessons."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        launch.keep_spare()
        launch.tend()
        time.sleep(1)


def overhead(pairs: int, config: TrainingConfig, ready_s: float) -> list[Row]:
    """Local engine and cluster in turn."""
    firsts, wholes, ratios = [], [], []
    with tempfile.TemporaryDirectory() as local, tempfile.TemporaryDirectory() as shared:
        for pair in range(pairs):
            os.environ["CNNVIZ_HOME"] = local
            rest(ready_s)
            here = timed(config)
            launch.dismiss_spare()
            time.sleep(6)  # its worker ends
            with ray_nodes(Path(shared)):
                rest(ready_s)
                there = timed(config)
                launch.dismiss_spare()
                time.sleep(1)
            print(
                f"pair {pair + 1}: first step after {here[0]:.1f} s here and {there[0]:.1f} s on "
                f"the cluster, end after {here[1]:.1f} s and {there[1]:.1f} s",
                flush=True,
            )
            firsts.append(there[0] - here[0])
            wholes.append(there[1] - here[1])
            ratios.append(here[1])
    return [
        Row("the run on the local engine, s", statistics.median(ratios), 1),
        Row("Ray's overhead until the first step, s", statistics.median(firsts), 2),
        Row("Ray's overhead until the end, s", statistics.median(wholes), 2, most=5),
    ]


def many(nodes: Nodes, runs: int, epochs: int) -> float:
    """Seconds that so many simulated runs of four people take on the nodes that are there."""
    launch.dispatch()
    time.sleep(3)  # dispatcher and keeper have begun
    began = time.monotonic()
    made = [
        launch.start_training(TrainingConfig("mnist", "lenet5", epochs=epochs, title=f"{n}"), who)
        for n, who in ((n, f"person {n % 8}") for n in range(runs))
    ]
    while any(run.pending for run in made):
        time.sleep(0.1)
    seconds = time.monotonic() - began
    assert all(run.status == "finished" for run in made)
    for run in made:
        steps = [e["step"] for e in run.events() if e["kind"] == "batch"]
        assert steps == list(range(1, epochs + 1)), "a curve with a gap or a duplicate"
    print(f"{len(nodes.carrying)} nodes: {runs} runs in {seconds:.1f} s", flush=True)
    return seconds


def nodes_against_one(runs: int, epochs: int) -> list[Row]:
    """The same runs on one node and on two."""
    os.environ |= {"QUICK_EPOCH_S": str(EPOCH_S), "CNNVIZ_RAY_SPARES": "0"}
    ray_runs.COMMAND = SIMULATED
    took = []
    for count in (1, 2):
        with (
            tempfile.TemporaryDirectory() as home,
            ray_nodes(Path(home), count=count) as nodes,
        ):
            took.append(many(nodes, runs, epochs))
    return [
        Row(f"{runs} simulated runs of {epochs * EPOCH_S:g} s on one node, s", took[0], 1),
        Row("the same on two nodes, s", took[1], 1),
        Row("share of the time that two nodes take", took[1] / took[0], 3, most=0.6),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="one pair, short and few runs")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20, help="of the run of about a minute")
    parser.add_argument("--skip", choices=("overhead", "nodes"))
    given = parser.parse_args()
    real = TrainingConfig("mnist", "tiny_vgg", epochs=given.epochs, limit=6000)
    rows: list[Row] = []
    if given.skip != "nodes":
        rows += nodes_against_one(*((12, 2) if given.small else (40, 6)))
        ray_runs.COMMAND = ("-m", "cnnviz.training.hosted_worker")
        os.environ.pop("CNNVIZ_RAY_SPARES")
    if given.skip != "overhead":
        if given.small:
            small = TrainingConfig("mnist", "lenet5", epochs=5, limit=2000)
            rows += overhead(1, small, 20)
        else:
            rows += overhead(given.pairs, real, 30)
    return 0 if show(rows) else 1


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # threads of Ray would take their time
