"""What explanations cost, against the bare passes they rest on and against tf-keras-vis.

    python -m benchmarks.explanation [cams | maps]

Contenders take turns, so that whatever else the machine does meets all of them; medians and ratios
of seconds and of processor time are printed.
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
import tensorflow as tf
from tf_keras_vis.gradcam import Gradcam
from tf_keras_vis.utils.scores import CategoricalScore

from cnnviz.explanation.explain import explain, explain_many
from cnnviz.inference.feature_maps import feature_maps
from cnnviz.models.model import Model, load_model
from cnnviz.models.networks import build
from cnnviz.models.structure import make_card

SIDE = 64
GRADIENT_CAMS = ("grad_cam", "grad_cam_pp", "hires_cam", "layer_cam", "xgrad_cam")


def small_net() -> tuple[Model, keras.Model]:
    """A VGG for 64-pixel colour images, and the same network ending at its scores."""
    keras.utils.set_random_seed(0)
    network = build("vgg_bn", (SIDE, SIDE, 3), 10, width=16)
    card = make_card(network, "Small net", tuple("abcdefghij"))
    return Model(network, card), keras.Model(network.inputs, network.get_layer("logits").output)


def large_net() -> tuple[Model, keras.Model]:
    """EfficientNet-Lite0, and the same network ending at its scores."""
    model = load_model("imagenet_efficientnet_lite0")
    network = model.keras_model
    ending = network.layers[-1]
    return model, keras.Model(network.inputs, ending.input)


def side_by_side(title: str, contenders: dict[str, Callable], rounds: int) -> None:
    """Print the medians of all contenders and their ratios to the first."""
    for run in contenders.values():
        run()
        run()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            began = time.perf_counter(), time.process_time()
            run()
            ended = time.perf_counter(), time.process_time()
            times[name].append((ended[0] - began[0], ended[1] - began[1]))
    print(f"\n{title}  (median of {rounds})")
    medians = {n: [statistics.median(x) for x in zip(*t, strict=True)] for n, t in times.items()}
    base = next(iter(medians.values()))
    for name, (wall, processor) in medians.items():
        print(
            f"  {name:<42} {wall * 1000:9.1f} ms  × {wall / base[0]:5.2f}"
            f"   processor {processor * 1000:9.1f} ms  × {processor / base[1]:5.2f}",
            flush=True,
        )


def grad_cam(title: str, model: Model, cut: keras.Model, batch: int, rounds: int) -> None:
    """Grad-CAM alone and with its four relatives; the floor is one bare pass there and back."""
    layer, shape = model.card.heatmap_layer, (batch, *model.card.input_shape)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
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
        f"{title}: Grad-CAM, batch {batch}",
        {
            "bare forward and backward pass, compiled": lambda: floor(floats),
            "cnnviz.explain, enlarged": lambda: (
                explain(model, images, target=targets, layer=layer).heatmaps
            ),
            "the maps alone": lambda: explain(model, images, target=targets, layer=layer),
            "cnnviz.explain_many, the five together": lambda: explain_many(
                model, images, GRADIENT_CAMS, targets, (layer,)
            ),
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
    wanted = sys.argv[1:] or ["cams", "maps"]
    model, cut = small_net()
    if "cams" in wanted:
        grad_cam("Small net", model, cut, 1, 51)
        grad_cam("Small net", model, cut, 64, 11)
        large, large_cut = large_net()
        grad_cam("EfficientNet-Lite0", large, large_cut, 1, 15)
        grad_cam("EfficientNet-Lite0", large, large_cut, 64, 3)
    if "maps" in wanted:
        maps(model, 1, 25)
        maps(model, 64, 5)


if __name__ == "__main__":
    main()
