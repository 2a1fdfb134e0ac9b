"""Gradient × input (Shrikumar, Greenside, Shcherbina, Kundaje 2016, arXiv 1605.01713)."""

from __future__ import annotations

import tensorflow as tf

from cnnviz.explanation.methods.input_gradients import OnePass


class GradientTimesInput(OnePass):
    """The gradient times the raw pixel (0–255, so black is nothing), summed over its channels.

    Signed. Where the network is linear, map and bias add up to the score.
    """

    name = "gradient_x_input"

    def to_map(self, gradients: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(gradients * images, axis=-1)
