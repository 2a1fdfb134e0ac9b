"""What the methods share that follow the score back to the pixels."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from cnnviz.explanation.methods.many_passes import at_once
from cnnviz.explanation.scoring import chosen, score_of
from cnnviz.explanation.task import Explainer, Found, Task
from cnnviz.inference.layers import Seen, compiled, image_signature, run_through

Rectifier = Callable[[tf.Tensor, Callable], tf.Tensor]


class OnePass(Explainer):
    """Base of the methods that need one forward and one backward pass."""

    def to_map(self, gradients: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        """One number for each pixel (n, h, w).

        Args:
            gradients: of the score with respect to the raw pixels, float32 (n, h, w, c).
            images: the raw pixels, 0–255, same shape.
        """
        raise NotImplementedError

    def build(self, keras_model: keras.Model) -> Callable:
        """(images, targets, against) → (maps (n, h, w), targets (n,), their shares (n,))."""
        return pass_back(keras_model, self.to_map)

    def explain(self, task: Task) -> Found:
        run = compiled(
            task.keras_model, ("pixels", self.name), lambda: self.build(task.keras_model)
        )
        size, parts = at_once(task), []
        for start in range(0, len(task.images), size):
            task.check_cancelled()
            part = slice(start, start + size)
            found = run(task.images[part], task.targets[part], task.against[part])
            parts.append([values.numpy() for values in found])
        return Found(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def pass_back(
    keras_model: keras.Model, to_map: Callable, rectifier: Rectifier | None = None
) -> Callable:
    """The compiled pass of ``OnePass.build``; ``rectifier`` as in ``run_through``."""

    def run(images: tf.Tensor, targets: tf.Tensor, against: tf.Tensor) -> tuple:
        gradients, _, targets, seen = gradients_of(
            keras_model, images, targets, against, rectifier=rectifier
        )
        shares = tf.gather(seen.probabilities, targets, batch_dims=1)
        return to_map(gradients, images), targets, shares

    numbers = tf.TensorSpec((None,), tf.int32)
    signature = [image_signature(keras_model), numbers, numbers]
    return tf.function(run, input_signature=signature, autograph=False)


def gradients_of(
    keras_model: keras.Model,
    images: tf.Tensor,
    targets: tf.Tensor,
    against: tf.Tensor,
    *,
    rectifier: Rectifier | None = None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, Seen]:
    """How the score before the softmax changes with each raw pixel. Call it inside a trace.

    Args:
        keras_model: takes images (n, h, w, c).
        images: raw pixels, float32.
        targets: (n,) int32 or one for all; may be ``scoring.BEST``.
        against: likewise; may be ``scoring.NONE``.
        rectifier: as in ``run_through``.

    Returns:
        The gradients float32 (n, h, w, c), the scores (n,), the targets (n,) without ``BEST``, and
        what the run showed.
    """
    count = tf.shape(images)[:1]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        seen = run_through(keras_model, images, rectifier=rectifier)
        targets = chosen(seen.scores, tf.broadcast_to(targets, count))
        score = score_of(seen.scores, targets, tf.broadcast_to(against, count))
    gradients = tape.gradient(score, images, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return gradients, score, targets, seen
