"""The plain gradient (Simonyan, Vedaldi, Zisserman 2013, arXiv 1312.6034)."""

from __future__ import annotations

import tensorflow as tf

from cnnviz.explanation.methods.input_gradients import OnePass


class Gradient(OnePass):
    """How much the score changes with a pixel: |∂score/∂pixel|, the largest of its channels.

    In units of the score for one step of brightness (pixels are 0–255).
    """

    name = "gradient"

    def to_map(self, gradients: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        return tf.reduce_max(tf.abs(gradients), axis=-1)
