"""The number that is explained: the score of a class, or its lead over another one."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from cnnviz.inference.layers import compiled, image_signature, run_through

BEST = -1  # as a target: the class with the highest score
NONE = -1  # as a rival: no other class


def chosen(scores: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Targets (n,) int32 with ``BEST`` replaced by the class with the highest of ``scores``."""
    best = tf.argmax(scores, axis=1, output_type=tf.int32)
    return tf.where(targets < 0, best, targets)


def score_of(scores: tf.Tensor, targets: tf.Tensor, against: tf.Tensor) -> tf.Tensor:
    """(n,) the score of each image's target, less that of the class it is held against.

    Args:
        scores: (n, classes) before the softmax or sigmoid.
        targets: (n,) int32, no ``BEST`` among them.
        against: (n,) int32; ``NONE`` where the target's score itself is meant.
    """
    own = tf.gather(scores, targets, batch_dims=1)
    other = tf.gather(scores, tf.maximum(against, 0), batch_dims=1)
    return own - tf.where(against < 0, tf.zeros_like(other), other)


def compiled_scores(
    keras_model: keras.Model,
) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]:
    """(images, targets, against) → (score (n,), targets (n,) without ``BEST``, probabilities)."""

    def build() -> Callable:
        def run(images: tf.Tensor, targets: tf.Tensor, against: tf.Tensor) -> tuple:
            seen = run_through(keras_model, images)
            targets = chosen(seen.scores, targets)
            return score_of(seen.scores, targets, against), targets, seen.probabilities

        numbers = tf.TensorSpec((None,), tf.int32)
        signature = [image_signature(keras_model), numbers, numbers]
        return tf.function(run, input_signature=signature, autograph=False)

    return compiled(keras_model, ("scores",), build)
