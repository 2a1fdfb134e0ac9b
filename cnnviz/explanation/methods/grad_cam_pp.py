"""Grad-CAM++ (Chattopadhyay et al., arXiv 1710.11063)."""

from __future__ import annotations

import tensorflow as tf

from cnnviz.explanation.methods.cam import ClassActivationMap


class GradCamPlusPlus(ClassActivationMap):
    """Small areas that speak for the class count as much as large ones (equations 10 and 19).

    The paper explains exp(score): its higher derivatives are then powers of the score's gradient g,
    and with S the sum of the channel, alpha = g² / (2g² + S·g³) = 1 / (2 + S·g). The factor
    exp(score) in all weights of an image is left out; it can overflow, and only scales.
    (tf-keras-vis also divides alpha by its sum over the channel, so its maps differ.)
    """

    name = "grad_cam_pp"

    def weights(self, activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        total = tf.reduce_sum(activations, axis=(1, 2), keepdims=True)
        alpha_times_gradient = tf.math.divide_no_nan(tf.nn.relu(gradients), 2 + total * gradients)
        return tf.reduce_sum(alpha_times_gradient, axis=(1, 2), keepdims=True)
