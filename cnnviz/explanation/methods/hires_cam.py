"""HiResCAM (Draelos, Carin, arXiv 2011.08891)."""

from __future__ import annotations

import tensorflow as tf

from cnnviz.explanation.methods.cam import ClassActivationMap


class HiResCam(ClassActivationMap):
    """Every position counts with its own gradient.

    Signed: where only linear layers follow, the map adds up to the score without its bias.
    """

    name = "hires_cam"
    signed = True

    def weights(self, activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        return gradients
