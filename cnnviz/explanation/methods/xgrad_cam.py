"""XGrad-CAM (Fu et al., arXiv 2008.02312)."""

from __future__ import annotations

import tensorflow as tf

from cnnviz.explanation.methods.cam import ClassActivationMap


class XGradCam(ClassActivationMap):
    """A channel counts with the mean of its gradient, weighted by how active it is where."""

    name = "xgrad_cam"

    def weights(self, activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        total = tf.reduce_sum(activations, axis=(1, 2), keepdims=True)
        weighted = tf.reduce_sum(gradients * activations, axis=(1, 2), keepdims=True)
        return tf.math.divide_no_nan(weighted, total)
