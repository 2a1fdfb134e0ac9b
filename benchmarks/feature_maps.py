"""What feature maps cost, against the forward pass they come from, and the grid they end in.

    python -m benchmarks.feature_maps

Contenders take turns, so that whatever else the machine does meets all of them. The best wall
times and the median processor times are printed, with their ratios to the forward pass. The bars:
all post-activation layers at most 1.2 × one forward pass; a grid of 64 tiles in 20 ms and 120 KB.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import statistics
import sys
import time
from collections.abc import Callable

import keras
import numpy as np

from benchmarks.figures import feature_like, measure
from cnnviz.figures import tiles
from cnnviz.inference.feature_maps import feature_maps
from cnnviz.models.model import Model, load_model
from cnnviz.models.networks import build
from cnnviz.models.structure import make_card

SIDE = 64


def small_net() -> Model:
    """A VGG for 64-pixel colour images."""
    keras.utils.set_random_seed(0)
    network = build("vgg_bn", (SIDE, SIDE, 3), 10, width=16)
    return Model(network, make_card(network, "Small net", tuple("abcdefghij")))


def side_by_side(title: str, contenders: dict[str, Callable], rounds: int) -> None:
    """Print the times of all contenders and their ratios to the first."""
    for run in contenders.values():
        run()
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    processor: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            began, used = time.perf_counter(), time.process_time()
            result = run()
            processor[name].append(time.process_time() - used)
            wall[name].append(time.perf_counter() - began)
            del result
    best = {name: min(times) for name, times in wall.items()}
    spent = {name: statistics.median(times) for name, times in processor.items()}
    base = next(iter(contenders))
    print(f"\n{title}  ({rounds} rounds)")
    for name in contenders:
        print(
            f"  {name:<32} {best[name] * 1000:8.1f} ms × {best[name] / best[base]:.2f}"
            f"   processor {spent[name] * 1000:8.1f} ms × {spent[name] / spent[base]:.2f}"
        )


def maps(model: Model, batch: int, rounds: int, everything: bool = True) -> None:
    shape = (batch, *model.card.input_shape)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    bent = [layer.name for layer in model.card.activation_layers]
    contenders = {
        "forward pass (model.predict)": lambda: model.predict(images),
        f"{len(bent)} post-activation layers": lambda: feature_maps(model, images, bent),
    }
    if everything:
        contenders["all layers"] = lambda: feature_maps(model, images)
    side_by_side(f"{model.card.title}, batch {batch}", contenders, rounds)


def main() -> None:
    quick = "--quick" in sys.argv[1:]
    small, large = small_net(), load_model("imagenet_efficientnet_lite0")
    maps(small, 1, 20 if quick else 100)
    maps(small, 64, 5 if quick else 15)
    maps(large, 1, 5 if quick else 25)
    maps(large, 64, 2 if quick else 5, everything=False)  # all layers would fill 7 GB
    maps(large, 8, 3 if quick else 7)
    drawn = feature_like(28)
    milliseconds, size = measure(lambda: tiles.tile_grid(drawn).png())
    print(f"\n64 tiles at 54 px: {milliseconds:.1f} ms of processor time, {size / 1000:.1f} KB")


if __name__ == "__main__":
    main()
