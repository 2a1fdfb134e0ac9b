"""What feature maps cost, against the forward pass they come from, and the grid they end in.

    python -m benchmarks.feature_maps

The bars: all post-activation layers at most 1.2 × one forward pass; a grid of 64 tiles in 20 ms and
120 KB.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import sys

import numpy as np

from benchmarks.contenders import side_by_side
from benchmarks.figures import feature_like, measure
from benchmarks.networks import large_net, small_net
from cnnviz.figures import tiles
from cnnviz.inference.feature_maps import feature_maps
from cnnviz.models.model import Model


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
    (small, _), (large, _) = small_net(), large_net()
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
