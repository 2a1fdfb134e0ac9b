"""What the kept pass over a data set costs, against a bare ``model.predict`` of the same images.

    python -m benchmarks.passes [--quick] [--memory]

The bars: at least 0.9 of the images a second of Keras' own ``predict``, nothing kept yet and
everything written down; a pass over 10,000 images at 224 px in less than 1 GB more than before it.
``--memory`` measures only the second, in a process that did nothing else.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from benchmarks.networks import large_net, small_net
from cnnviz import storage
from cnnviz.datasets.dataset import Dataset
from cnnviz.inference.kept_passes import look
from cnnviz.models.model import Model
from cnnviz.models.structure import make_card

MEMORY_IMAGES, MEMORY_SIDE = 10_000, 224


def forget() -> None:
    """Throw away what was kept, so that every image is missing again."""
    shutil.rmtree(storage.area("cache") / "passes", ignore_errors=True)


def pass_against_predict(model: Model, images: int, rounds: int, batch: int) -> None:
    """Print images a second of both, in turns, and the median of the rounds' ratios."""
    shape = (images, *model.card.input_shape)
    rng = np.random.default_rng(0)
    classes = len(model.card.class_names)
    data = Dataset(
        "noise",
        "test",
        rng.integers(0, 256, shape, np.uint8),
        rng.integers(0, classes, images),
        model.card.class_names,
    )
    layer = model.card.feature_layer

    def predict() -> None:
        model.keras_model.predict(data.images, batch_size=batch, verbose=0)

    def answers() -> None:
        forget()
        look(model, "benchmark", data)

    def features() -> None:
        forget()
        look(model, "benchmark", data, layers=[layer])

    def again() -> None:
        look(model, "benchmark", data, layers=[layer])

    contenders: dict[str, Callable[[], None]] = {
        "bare model.predict": predict,
        "kept pass, answers": answers,
        f"kept pass, answers and {layer}": features,
        "kept pass, all there already": again,
    }
    for run in contenders.values():
        run()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for turn in range(rounds):
        order = list(contenders)
        for name in order if turn % 2 == 0 else [*order[2::-1], order[3]]:
            began = time.perf_counter(), time.process_time()
            contenders[name]()
            ended = time.perf_counter(), time.process_time()
            times[name].append((ended[0] - began[0], ended[1] - began[1]))
    print(f"\n{model.card.title}, {images:,} images, batch {batch}  (median of {rounds})")
    base = times["bare model.predict"]
    for name, taken in times.items():
        clock, processor = (
            statistics.median(one[i] / other[i] for one, other in zip(base, taken, strict=True))
            for i in (0, 1)
        )
        rate = images / statistics.median(t[0] for t in taken)
        print(
            f"  {name:<42} {rate:10.0f} images/s   × {clock:6.2f}   by processor time "
            f"× {processor:6.2f}",
            flush=True,
        )


def quick_net(side: int) -> Model:
    """So little work an image that the images themselves are what a pass is about."""
    inputs = keras.Input((side, side, 3))
    x = keras.layers.Conv2D(16, 16, strides=16, activation="relu")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(inputs, keras.layers.Dense(1000, activation="softmax")(x))
    card = make_card(network, "Quick net", tuple(str(i) for i in range(1000)))
    return Model(network, card)


def memory() -> None:
    """Print by how much the process grows during one pass over images in a file."""
    count, side = MEMORY_IMAGES, MEMORY_SIDE
    model = quick_net(side)
    model.predict(np.zeros((32, side, side, 3), np.uint8))  # loaded and compiled: idle
    with tempfile.NamedTemporaryFile() as file:
        images = np.memmap(file.name, np.uint8, "w+", shape=(count, side, side, 3))  # sparse
        labels = np.arange(count) % len(model.card.class_names)
        data = Dataset("sparse", "test", images, labels, model.card.class_names)
        before, peak, done = _resident(), [0, 0], threading.Event()

        def watch() -> None:
            while not done.wait(0.05):
                peak[:] = (max(p, r) for p, r in zip(peak, _resident(), strict=True))

        watcher = threading.Thread(target=watch)
        watcher.start()
        began = time.perf_counter()
        look(model, "benchmark", data, layers=[model.card.feature_layer])
        seconds = time.perf_counter() - began
        done.set()
        watcher.join()
    grown = [(p - b) / 2**20 for p, b in zip(peak, before, strict=True)]
    print(f"\nA pass over {count:,} images of {side} px, {count / seconds:.0f} images/s")
    print(f"  {'idle':<42} {before[1] / 2**20:10.0f} MB")
    print(f"  {'more at its peak, its own memory':<42} {grown[0]:10.0f} MB   (bar: 1,000)")
    print(f"  {'more at its peak, with files mapped':<42} {grown[1]:10.0f} MB   (bar: 1,000)")


def _resident() -> tuple[int, int]:
    """Bytes of this process in memory: its own, and together with the pages of mapped files."""
    found = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("RssAnon", "VmRSS"):
            found[name] = int(value.split()[0]) * 1024
    return found["RssAnon"], found["VmRSS"]


def main() -> None:
    given = sys.argv[1:]
    with tempfile.TemporaryDirectory() as home:
        os.environ["CNNVIZ_HOME"] = home
        if "--memory" in given:
            memory()
            return
        quick = "--quick" in given
        (small, _), (large, _) = small_net(), large_net()
        pass_against_predict(small, 512 if quick else 4096, 3 if quick else 7, 256)
        pass_against_predict(large, 64 if quick else 256, 3 if quick else 5, 32)


if __name__ == "__main__":
    main()
