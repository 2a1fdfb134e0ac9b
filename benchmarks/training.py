"""How much a live training costs over a bare ``model.fit``, and how soon its curve begins.

``python -m benchmarks.training [--pairs 7]`` prints a table. Both sides train the same network on
the same batches (same augmentation, precision, averaging) and look at the same validation images
after every epoch; pairs alternate in order, so that a noisy machine disturbs both alike. The first
epoch (with its three extra validations and its checkpoints) and what is written after an epoch (of
it, the look inside the network) are reported apart. On a machine that others use too, processor
time says more than the clock.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras

from cnnviz.datasets.loading import load_dataset
from cnnviz.runs import locks
from cnnviz.runs.run import Run, create_run, delete_run
from cnnviz.training import launch
from cnnviz.training.batches import Batches
from cnnviz.training.config import TrainingConfig
from cnnviz.training.loop import carry_out
from cnnviz.training.network import FORWARD_BATCH, Network, network_for


class EpochTimes(keras.callbacks.Callback):
    """Wall clock of every epoch; no batch hooks, so that it does not slow ``fit`` down."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.seconds, self.processor = [], []

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._began = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.seconds.append(time.perf_counter() - self._began[0])
        self.processor.append(time.process_time() - self._began[1])


def bare(config: TrainingConfig, network: Network) -> tuple[list[float], float]:
    """Of a plain ``fit``: seconds of each epoch, processor seconds of all but the first in all."""
    train = load_dataset(config.dataset, "train", limit=config.limit)
    val = load_dataset(config.dataset, "val")
    network_for(config, train.images.shape[1:], len(train.class_names), network)
    batches = Batches(
        train.images, train.labels, config.batch_size, config.augmentation, config.seed
    )
    times = EpochTimes()
    network.model.fit(
        batches.as_tensors(),
        epochs=config.epochs,
        validation_data=(val.images, val.labels),
        validation_batch_size=FORWARD_BATCH,
        verbose=0,
        shuffle=False,
        callbacks=[times],
    )
    return times.seconds, sum(times.processor[1:])


def live(config: TrainingConfig, network: Network) -> tuple[list[float], float, float, float]:
    """The same of a run, and the mean seconds for what is written after an epoch and for a look."""
    run, lock = create_run(config.to_json(), "benchmark")
    processor, since = [], 0.0

    def on_event(event: dict) -> None:
        nonlocal since
        if event["kind"] == "epoch":
            processor.append(time.process_time() - since)
        elif event["kind"] == "insight" and event["label"].startswith("epoch-"):
            since = time.process_time()

    carry_out(run, on_event, network)
    locks.let_go(lock)
    events = run.events()
    ends = [e for e in events if e["kind"] == "epoch"]
    gaps = [
        later["time"] - later["seconds"] - earlier["time"]
        for earlier, later in zip(ends, ends[1:], strict=False)
    ]
    looks = [
        later["time"] - earlier["time"]
        for earlier, later in zip(events, events[1:], strict=False)
        if later["kind"] == "insight"
    ]
    delete_run(run.id, "benchmark")
    writing, looking = statistics.mean(gaps), statistics.mean(looks)
    return [e["seconds"] for e in ends], sum(processor[1:]), writing, looking


def seconds_to_first_batch(config: TrainingConfig) -> float:
    """From ``start_training`` to the first batch in the hands of a reader."""
    began = time.perf_counter()
    run = launch.start_training(config)
    while not any(e["kind"] == "batch" for e in run.events()):
        time.sleep(0.01)
    seconds = time.perf_counter() - began
    run.request_stop()
    _wait(run)
    return seconds


def measure_starts(warm_up: float) -> list[tuple[str, float]]:
    """Without a spare process, then with one that had ``warm_up`` seconds to get ready."""
    cold = seconds_to_first_batch(TrainingConfig())
    until = time.monotonic() + warm_up
    while time.monotonic() < until:  # the worker of the first one is idle for a while, then ends
        launch.keep_spare()
        time.sleep(1)
    warm = seconds_to_first_batch(TrainingConfig())
    launch.dismiss_spare()
    return [("spare ready", warm), ("no spare", cold)]


def _wait(run: Run) -> None:
    while run.pending:
        time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=4, help="in each training, the first apart")
    parser.add_argument("--architecture", default="tiny_vgg")
    parser.add_argument("--limit", type=int, help="training images; all when left out")
    parser.add_argument("--augmentation", nargs="*", help="what suits the data when left out")
    parser.add_argument("--schedule", default="constant")
    parser.add_argument("--no-starts", action="store_true", help="measure the throughput only")
    parser.add_argument("--warm-up", type=float, default=30, help="seconds given to the spare")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["CNNVIZ_HOME"] = home
        config = TrainingConfig(
            architecture=given.architecture,
            epochs=given.epochs,
            limit=given.limit,
            augmentation=given.augmentation and tuple(given.augmentation),
            schedule=given.schedule,
        ).check()
        val = load_dataset(config.dataset, "val")
        network = Network(config, val.images.shape[1:], len(val.class_names))
        network.warm_up(config.batch_size)
        bare(config, network)  # traces evaluation
        live(config, network)  # loads what is loaded once
        images = len(load_dataset(config.dataset, "train", limit=config.limit))
        ratios, first, work, speeds, writing, looking = [], [], [], [], [], []
        for pair in range(given.pairs):
            if pair % 2:
                told, plain = live(config, network), bare(config, network)
            else:
                plain, told = bare(config, network), live(config, network)
            seconds, processor, gap, look = told
            ratios.append(sum(plain[0][1:]) / sum(seconds[1:]))
            first.append(plain[0][0] / seconds[0])
            work.append(plain[1] / processor)
            speeds.append(images * (given.epochs - 1) / sum(seconds[1:]))
            writing.append(gap)
            looking.append(look)
            print(f"pair {pair + 1}: {ratios[-1]:.3f} ({work[-1]:.3f})", flush=True)
        starts = [] if given.no_starts else measure_starts(given.warm_up)
    print(f"{'live / bare, images per second, median':60} {statistics.median(ratios):7.3f}")
    print(f"{'  images per processor second':60} {statistics.median(work):7.3f}")
    print(f"{'  in the first epoch (three extra validations)':60} {statistics.median(first):7.3f}")
    print(f"{'live, images per second, validation included':60} {statistics.median(speeds):7.0f}")
    print(f"{'written after an epoch, milliseconds':60} {1000 * statistics.median(writing):7.0f}")
    print(f"{'  of it, the look inside the network':60} {1000 * statistics.median(looking):7.0f}")
    for name, seconds in starts:
        print(f"{'start to first batch, ' + name + ', seconds':60} {seconds:7.2f}")


if __name__ == "__main__":
    main()
