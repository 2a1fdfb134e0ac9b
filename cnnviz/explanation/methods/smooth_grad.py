"""SmoothGrad (Smilkov, Thorat, Kim, Viégas, Wattenberg 2017, arXiv 1706.03825)."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from cnnviz.explanation.methods.input_gradients import gradients_of
from cnnviz.explanation.methods.many_passes import ManyPasses, OneImage
from cnnviz.explanation.task import Option
from cnnviz.inference.layers import compiled, image_signature

_SEED = 1706


class SmoothGrad(ManyPasses):
    """The mean gradient of noisy copies of the image, shown like the gradient.

    ``samples`` copies; ``noise`` is the standard deviation as a share of the image's own range of
    brightness. Each copy's noise is the same for every image, so a map depends on nothing else.
    """

    name = "smooth_grad"
    options = {"samples": Option(16, 1, 256), "noise": Option(0.15, 0.0, 1.0)}

    def explain_one(self, one: OneImage) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        samples, deviation = one.options["samples"], one.options["noise"] * np.ptp(one.image)
        run = compiled(one.keras_model, (self.name,), lambda: _build(one.keras_model))
        total, done = np.zeros_like(one.image), 0

        def so_far() -> np.ndarray:
            return np.abs(total / done).max(axis=-1)[None]

        for part in one.batches(samples):
            noise = noise_of(range(samples)[part], one.image.shape) * np.float32(deviation)
            total += run(one.image, noise, one.targets[0], one.against[0]).numpy()
            done += len(noise)
            one.step(done / samples, so_far)
        return so_far(), {}


def noise_of(samples: range, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal noise float32 (k, *shape): that of a sample is always the same."""
    return np.stack(
        [np.random.default_rng((_SEED, i)).standard_normal(shape, np.float32) for i in samples]
    )


def _build(keras_model: keras.Model) -> Callable:
    """(image, noise (k, h, w, c), target, against) → sum of the gradients (h, w, c)."""

    def run(image: tf.Tensor, noise: tf.Tensor, target: tf.Tensor, against: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(gradients_of(keras_model, image + noise, target, against)[0], axis=0)

    images, number = image_signature(keras_model), tf.TensorSpec((), tf.int32)
    signature = [tf.TensorSpec(images.shape[1:], tf.float32), images, number, number]
    return tf.function(run, input_signature=signature, autograph=False)
