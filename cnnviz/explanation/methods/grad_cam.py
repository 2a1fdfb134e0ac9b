"""Grad-CAM (Selvaraju et al., arXiv 1610.02391)."""

from __future__ import annotations

import tensorflow as tf

from cnnviz.explanation.methods.cam import ClassActivationMap


class GradCam(ClassActivationMap):
    """A channel counts as much as the score rises, on average, when it grows."""

    name = "grad_cam"

    def weights(self, activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
