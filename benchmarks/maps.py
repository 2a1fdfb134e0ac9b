"""What a map of a feature space costs: t-SNE against scikit-learn's, placing an image, the payload.

    python -m benchmarks.maps [images] [rounds]

The bars: 10,000 × 64 at least 2 × faster than scikit-learn's TSNE at equal trustworthiness
(± 0.005); one new image placed in less than 0.5 s; 10,000 points in less than 3 MB without their
thumbnails. The features are those of the shipped network for clothes, 64 of its channels.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import json
import statistics
import sys
import time
from collections.abc import Callable
from unittest import mock

import numpy as np
from sklearn.manifold import TSNE

from cnnviz.compute import codec
from cnnviz.compute.inline import InlineEngine
from cnnviz.embedding.projection import tsne
from cnnviz.embedding.quality import trustworthiness
from cnnviz.ui.components import scatter as component

MODEL, DATASET, WIDTH = "shipped:fashion_mnist_vgg", "fashion_mnist", 64


def features(images: int) -> np.ndarray:
    """(images, 64) float32 at the input of the classifier head."""
    from cnnviz.datasets.loading import load_dataset
    from cnnviz.inference.passes import run_pass
    from cnnviz.models.model import load_model

    model = load_model(MODEL)
    layer = model.card.feature_layer
    data = load_dataset(DATASET, "test").limit(images)
    return run_pass(model, data, [layer]).features[layer][:, :WIDTH]


def race(rows: np.ndarray, rounds: int) -> None:
    """Both ways to a map in turns: wall clock, processor time, trustworthiness."""
    ways: dict[str, Callable[[], np.ndarray]] = {
        "scikit-learn TSNE": lambda: TSNE(random_state=0).fit_transform(rows),
        "cnnviz (openTSNE)": lambda: tsne(rows).points,
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    trust = {}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter(), time.process_time()
            points = way()
            ended = time.perf_counter(), time.process_time()
            times[name].append((ended[0] - began[0], ended[1] - began[1]))
            trust[name] = trustworthiness(rows, points)
    print(f"\nt-SNE of {rows.shape[0]:,} × {rows.shape[1]}  (median of {rounds})")
    medians = {n: [statistics.median(x) for x in zip(*t, strict=True)] for n, t in times.items()}
    first = next(iter(medians.values()))
    for name, (wall, processor) in medians.items():
        print(
            f"  {name:<20} {wall:7.1f} s, {first[0] / wall:5.2f} × faster   processor "
            f"{processor:7.1f} s, {first[1] / processor:5.2f} × less   trustworthiness "
            f"{trust[name]:.4f}",
            flush=True,
        )


def placing(images: int) -> None:
    """One new image among those of a map, the first time and again with other images."""
    engine = InlineEngine()
    about = {"model": MODEL, "dataset": DATASET, "limit": images}
    took = []
    for index in range(9):
        began = time.perf_counter(), time.process_time()
        engine.answer("place_image", image=f"data:{DATASET}/train/{index}", **about)
        took.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    wall, processor = (statistics.median(x) for x in zip(*took[1:], strict=True))
    print(f"\nPlacing one image among {images:,}")
    print(f"  the first, with the pass over all images {took[0][0]:8.2f} s")
    print(f"  a further one (median of 8) {wall:21.3f} s   processor {processor:.3f} s")


def payload(count: int) -> None:
    """What a map is on its way to the page, and from there to the browser."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, count)
    answer = {
        "points": rng.normal(size=(count, 2)).astype(np.float32),
        **dict.fromkeys(("labels", "predicted", "indices"), labels.astype(np.int32)),
        **dict.fromkeys(("confidence", "loss"), rng.random(count).astype(np.float16)),
        "regions": rng.integers(0, 10, (96, 96)).astype(np.uint8),
    }
    names = [str(i) for i in range(10)]
    with mock.patch.object(component, "_mount") as mount:
        component.scatter(
            answer["points"],
            labels,
            names,
            ["#000000"] * 10,
            key="map",
            predicted=labels,
            colour_values=answer["confidence"],
            background=answer["regions"],
        )
    sent = len(json.dumps(mount.call_args.kwargs["data"]))
    print(f"\nA map of {count:,} points without thumbnails")
    print(f"  worker → page {len(codec.encode(answer)):>12,} bytes")
    print(f"  page → browser {sent:>11,} bytes")


def main() -> None:
    images, rounds = (int(x) for x in (*sys.argv[1:], *("10000", "1")[len(sys.argv) - 1 :]))
    race(features(images), rounds)
    placing(images)
    payload(images)


if __name__ == "__main__":
    main()
