"""What all class activation maps share: a weighted sum of a layer's channels.

They differ in one step, how a channel (or each of its positions) is weighted. A method is a file
with a subclass that overrides ``weights``, and a line in the registry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import keras
import tensorflow as tf

from cnnviz.inference.layers import compiled, image_signature, run_through


class ClassActivationMap:
    """Base of the methods. ``signed`` methods keep the evidence against the class."""

    name: ClassVar[str]
    signed: ClassVar[bool] = False

    def weights(self, activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """The weight of each channel, (n, 1, 1, c), or of each of its positions, (n, h, w, c).

        Args:
            activations: the layer's output, float32 (n, h, w, c).
            gradients: of the class score with respect to it, same shape.
        """
        raise NotImplementedError

    def maps(self, activations: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
        """The raw maps (n, h, w)."""
        maps = tf.reduce_sum(self.weights(activations, gradients) * activations, axis=-1)
        return maps if self.signed else tf.nn.relu(maps)


def compiled_maps(
    keras_model: keras.Model, layer: str, methods: tuple[ClassActivationMap, ...]
) -> Callable[[tf.Tensor, tf.Tensor], tuple[tuple[tf.Tensor, ...], tf.Tensor, tf.Tensor]]:
    """One forward and one backward pass, shared by all ``methods``, compiled once per model.

    Returns:
        A function of raw images float32 (n, h, w, c) and targets int32 (n,), where −1 stands for
        the class with the highest score. It returns the raw maps (n, h, w) of each method, the
        targets and the probabilities (n, classes).
    """

    def build() -> Callable:
        def run(images: tf.Tensor, targets: tf.Tensor) -> tuple:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                seen = run_through(keras_model, images, [layer], on_output=tape.watch)
                best = tf.argmax(seen.scores, axis=1, output_type=tf.int32)
                targets = tf.where(targets < 0, best, targets)
                score = tf.gather(seen.scores, targets, batch_dims=1)
            output = seen.outputs[layer]
            gradients = tape.gradient(
                score, output, unconnected_gradients=tf.UnconnectedGradients.ZERO
            )
            output, gradients = tf.cast(output, tf.float32), tf.cast(gradients, tf.float32)
            maps = tuple(method.maps(output, gradients) for method in methods)
            return maps, targets, seen.probabilities

        signature = [image_signature(keras_model), tf.TensorSpec((None,), tf.int32)]
        return tf.function(run, input_signature=signature, autograph=False)

    return compiled(keras_model, ("cam", layer, tuple(m.name for m in methods)), build)
