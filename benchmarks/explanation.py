"""What explanations cost, against the bare passes they rest on and against tf-keras-vis.

    python -m benchmarks.explanation

Contenders take turns, so that whatever else the machine does meets all of them; the medians and
their ratios are printed.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import statistics
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.utils.scores import CategoricalScore

from cnnviz.explanation.explain import explain
from cnnviz.inference.feature_maps import feature_maps
from cnnviz.models.model import Model
from cnnviz.models.networks import build
from cnnviz.models.structure import make_card

SIDE = 64


def small_net() -> tuple[Model, keras.Model]:
    """A VGG for 64-pixel colour images, and the same network ending at its scores."""
    keras.utils.set_random_seed(0)
    network = build("vgg_bn", (SIDE, SIDE, 3), 10, width=16)
    card = make_card(network, "Small net", tuple("abcdefghij"))
    return Model(network, card), keras.Model(network.inputs, network.get_layer("logits").output)


def side_by_side(title: str, contenders: dict[str, Callable], rounds: int) -> None:
    """Print the medians of all contenders and their ratios to the first."""
    for run in contenders.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    base = next(iter(medians.values()))
    print(f"\n{title}  (median of {rounds})")
    for name, median in medians.items():
        print(f"  {name:<44} {median * 1000:9.1f} ms   × {median / base:.2f}")


def grad_cam(model: Model, cut: keras.Model, batch: int, rounds: int) -> None:
    layer = model.card.heatmap_layer
    images = np.random.default_rng(0).integers(0, 256, (batch, SIDE, SIDE, 3), np.uint8)
    floats, targets = tf.constant(images, tf.float32), [3] * batch
    both = keras.Model(cut.inputs, [cut.get_layer(layer).output, cut.outputs[0]])

    @tf.function(autograph=False)
    def floor(images: tf.Tensor) -> tuple:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            output, scores = both([images], training=False)
            score = scores[:, 3]
        return output, tape.gradient(score, output)

    theirs = Gradcam(cut, clone=False)
    score = CategoricalScore(targets)
    side_by_side(
        f"Grad-CAM, batch {batch}",
        {
            "bare forward and backward pass, compiled": lambda: floor(floats),
            "cnnviz.explain": lambda: explain(model, images, target=targets, layer=layer),
            "tf-keras-vis": lambda: theirs(score, floats, penultimate_layer=layer),
        },
        rounds,
    )


def maps(model: Model, batch: int, rounds: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (batch, SIDE, SIDE, 3), np.uint8)
    side_by_side(
        f"Feature maps, batch {batch}",
        {
            "forward pass (model.predict)": lambda: model.predict(images),
            "one layer": lambda: feature_maps(model, images, ["relu_2_2"]),
            "all layers": lambda: feature_maps(model, images),
        },
        rounds,
    )


def main() -> None:
    model, cut = small_net()
    grad_cam(model, cut, 1, 25)
    grad_cam(model, cut, 64, 5)
    maps(model, 1, 25)
    maps(model, 64, 5)


if __name__ == "__main__":
    main()
