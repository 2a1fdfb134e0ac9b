"""Eigen-CAM (Muhammad, Yeasin, arXiv 2008.00299)."""

from __future__ import annotations

import tensorflow as tf

from cnnviz.explanation.methods.cam import ClassActivationMap


class EigenCam(ClassActivationMap):
    """The projection of the activations on their first right singular vector; no class is asked.

    As in the paper the activations are not centred (the port in pytorch-grad-cam centres them). A
    singular vector has no sign of its own: it gets the one with which the projection agrees with
    the sum of the channels, so after a ReLU nothing is negative.
    """

    name = "eigen_cam"
    needs_gradients = False

    def weights(self, activations: tf.Tensor, gradients: tf.Tensor | None) -> tf.Tensor:
        shape = tf.shape(activations)
        positions = tf.reshape(activations, (shape[0], shape[1] * shape[2], shape[3]))
        vector = tf.linalg.svd(positions, full_matrices=False)[2][:, :, 0]
        # The projection's product with the summed channels has the sign of the vector's sum.
        upside_down = tf.reduce_sum(vector, axis=1, keepdims=True) < 0
        return tf.where(upside_down, -vector, vector)[:, None, None, :]
