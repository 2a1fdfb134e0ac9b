"""What attributions of pixels and perturbations cost, against the bare passes they rest on.

    python -m benchmarks.attributions [small | large]

The bare passes are plain Keras: the network cut at its scores, compiled, as many images and as
many at once as the method has.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import sys
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from benchmarks.contenders import side_by_side
from benchmarks.networks import large_net, small_net
from cnnviz.explanation.explain import explain
from cnnviz.explanation.methods.many_passes import at_once
from cnnviz.explanation.methods.occlusion import positions
from cnnviz.explanation.occluding import occlude
from cnnviz.explanation.task import Task
from cnnviz.models.model import Model

MASKS = 128


class Bare:
    """Passes through a network that ends at its scores: ``forward``, or ``back`` to the pixels."""

    def __init__(self, cut: keras.Model) -> None:
        def forward(images: tf.Tensor) -> tf.Tensor:
            return cut(images, training=False)

        def back(images: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(images)
                score = cut(images, training=False)[:, 3]
            return tape.gradient(score, images)

        signature = [tf.TensorSpec((None, *cut.inputs[0].shape[1:]), tf.float32)]
        self.forward = tf.function(forward, input_signature=signature, autograph=False)
        self.back = tf.function(back, input_signature=signature, autograph=False)

    @staticmethod
    def passes(run: Callable, images: np.ndarray, count: int, size: int) -> Callable:
        """``count`` images through the network, ``size`` at once."""
        full = tf.constant(np.resize(images, (size, *images.shape[1:])), tf.float32)
        parts = [full] * (count // size) + ([full[: count % size]] if count % size else [])
        return lambda: [run(part).numpy() for part in parts]


def measure(name: str, model: Model, cut: keras.Model, rounds: int) -> None:
    """Print the costs of all methods for one network."""
    bare = Bare(cut)
    images = np.random.default_rng(0).integers(0, 256, (64, *model.card.input_shape), np.uint8)
    floats, one = images.astype(np.float32), images[:1]
    size = at_once(Task(model.keras_model, floats[:1], np.zeros(1), np.zeros(1)))

    def race(title: str, run: Callable, count: int, ask: Callable, at: int = size) -> None:
        contenders = {f"bare, {at} at once": bare.passes(run, floats, count, at), "cnnviz": ask}
        side_by_side(f"{name}: {title}", contenders, rounds)

    for method in ("gradient", "gradient_x_input", "guided_backprop"):
        race(f"{method}, 1 image", bare.back, 1, lambda m=method: explain(model, one, m, 3), 1)
    race("gradient, 64 images", bare.back, 64, lambda: explain(model, images, "gradient", 3))
    race("smooth_grad, 16 samples", bare.back, 16, lambda: explain(model, one, "smooth_grad", 3))
    found = explain(model, one, "integrated_gradients", 3)
    steps = int(found.details["steps"][0])
    race(
        f"integrated_gradients, {steps} steps",
        bare.back,
        steps,
        lambda: explain(model, one, "integrated_gradients", 3),
    )
    places = len(positions(model.card.input_shape[:2], 1 / 7, 0.5)[0])
    race(
        f"occlusion, {places} places",
        bare.forward,
        places,
        lambda: explain(model, one, "occlusion", 3),
    )
    race(
        f"rise, {MASKS} masks",
        bare.forward,
        MASKS,
        lambda: explain(model, one, "rise", 3, masks=MASKS),
    )
    race("occlude, one patch", bare.forward, 2, lambda: occlude(model, one[0], 0.4, 0.6, 0.2), 2)


def main() -> None:
    wanted = sys.argv[1:] or ["small", "large"]
    if "small" in wanted:
        measure("Small net", *small_net(), 9)
    if "large" in wanted:
        measure("EfficientNet-Lite0", *large_net(), 3)


if __name__ == "__main__":
    main()
