"""Layer-CAM (Jiang et al., IEEE TIP 2021, doi 10.1109/TIP.2021.3089943)."""

from __future__ import annotations

import tensorflow as tf

from cnnviz.explanation.methods.cam import ClassActivationMap


class LayerCam(ClassActivationMap):
    """Every position counts with its own gradient where that is positive."""

    name = "layer_cam"

    def weights(self, activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(gradients)
