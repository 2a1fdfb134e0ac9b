"""Guided backpropagation (Springenberg et al. 2014, arXiv 1412.6806)."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from cnnviz.errors import NotPossible
from cnnviz.explanation.methods.input_gradients import OnePass, pass_back


class GuidedBackprop(OnePass):
    """The gradient, where every ReLU on the way back lets only what is positive through.

    Signed: the sum over a pixel's channels. Its sign says whether brighter or darker pixels would
    excite what is there, not whether they spoke for or against the class.
    """

    name = "guided_backprop"

    def to_map(self, gradients: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(gradients, axis=-1)

    def build(self, keras_model: keras.Model) -> Callable:
        """As in ``OnePass``; raises NotPossible where there is no ReLU to guide through."""
        met = []

        def guided(x: tf.Tensor, relu: Callable) -> tf.Tensor:
            met.append(x)
            return _only_positive_gradients(relu(x))

        run = pass_back(keras_model, self.to_map, guided)
        run.get_concrete_function()
        if not met:
            raise NotPossible(
                "This network has no ReLU layers, and guided backpropagation is about them. "
                "Choose another method, such as the gradient."
            )
        return run


@tf.custom_gradient
def _only_positive_gradients(x: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """The identity, through which only positive gradients come back.

    Behind a ReLU of any kind (its own gradient follows) that is the paper's rule.
    """
    return tf.identity(x), tf.nn.relu
