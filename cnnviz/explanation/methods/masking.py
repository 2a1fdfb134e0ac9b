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
        (image, plain (h, w, c), visible (k, h, w) from 0 to 1, targets (m,), against (m,)) →
        scores (m, k) before the softmax and shares (m, k) of the vote; both less those of the
        classes ``against``. Where an image is not visible, ``plain`` is seen.
    """

    def run(
        image: tf.Tensor,
        plain: tf.Tensor,
        visible: tf.Tensor,
        targets: tf.Tensor,
        against: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        seen = run_through(keras_model, plain + visible[..., None] * (image - plain))
        copies, classes = tf.shape(visible)[0], tf.shape(targets)[0]
        # Every class of the first copy, then of the second …
        targets, against = (tf.tile(numbers, [copies]) for numbers in (targets, against))
        scores, shares = (
            score_of(tf.repeat(values, classes, axis=0), targets, against)
            for values in (seen.scores, seen.probabilities)
        )
        return tuple(tf.transpose(tf.reshape(x, (copies, classes))) for x in (scores, shares))

    def build() -> Callable:
        shape = image_signature(keras_model).shape[1:]
        image, numbers = tf.TensorSpec(shape, tf.float32), tf.TensorSpec((None,), tf.int32)
        visible = tf.TensorSpec((None, *shape[:2]), tf.float32)
        signature = [image, image, visible, numbers, numbers]
        return tf.function(run, input_signature=signature, autograph=False)

    return compiled(keras_model, ("masked",), build)
