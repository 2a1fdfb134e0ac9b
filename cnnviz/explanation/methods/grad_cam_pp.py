"""Grad-CAM++ (Chattopadhyay et al., arXiv 1710.11063)."""

from __future__ import annotations

import tensorflow as tf

from cnnviz.explanation.methods.cam import ClassActivationMap


class GradCamPlusPlus(ClassActivationMap):
    """Small areas that speak for the class count as much as large ones (equations 10 and 19).

    The paper explains exp(score): its higher derivatives are then powers of the score's gradient.
    The factor exp(score) in all weights of an image is left out; it can overflow, and only scales.
    """

    name = "grad_cam_pp"

    def weights(self, activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        total = tf.reduce_sum(activations, axis=(1, 2), keepdims=True)
        square = tf.square(gradients)
        alpha = tf.math.divide_no_nan(square, 2 * square + total * square * gradients)
        return tf.reduce_sum(alpha * tf.nn.relu(gradients), axis=(1, 2), keepdims=True)
