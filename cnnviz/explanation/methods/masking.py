"""What the methods share that cover parts of an image and ask again."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from cnnviz.explanation.scoring import score_of
from cnnviz.inference.layers import compiled, image_signature, run_through


def compiled_masked(keras_model: keras.Model) -> Callable:
    """Answers to one image of which only parts are visible, compiled once per model.

    Returns:
        (image, plain (h, w, c), visible (k, h, w) from 0 to 1, target, against) → scores (k,)
        before the softmax and shares (k,) of the vote; both less those of the class ``against``.
        Where an image is not visible, ``plain`` is seen.
    """

    def run(
        image: tf.Tensor,
        plain: tf.Tensor,
        visible: tf.Tensor,
        target: tf.Tensor,
        against: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        seen = run_through(keras_model, plain + visible[..., None] * (image - plain))
        count = tf.shape(visible)[:1]
        target, against = tf.broadcast_to(target, count), tf.broadcast_to(against, count)
        return tuple(score_of(x, target, against) for x in (seen.scores, seen.probabilities))

    def build() -> Callable:
        shape = image_signature(keras_model).shape[1:]
        image, number = tf.TensorSpec(shape, tf.float32), tf.TensorSpec((), tf.int32)
        visible = tf.TensorSpec((None, *shape[:2]), tf.float32)
        signature = [image, image, visible, number, number]
        return tf.function(run, input_signature=signature, autograph=False)

    return compiled(keras_model, ("masked",), build)
