"""Ablation-CAM (Desai, Ramaswamy, doi 10.1109/WACV45572.2020.9093360)."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from cnnviz.explanation.methods.channelwise import ChannelwiseMap
from cnnviz.explanation.task import Task
from cnnviz.inference.layers import compiled, find_layer, image_signature, run_through
from cnnviz.models.structure import count_uses

_VALUES = 32 * 224 * 224 * 3  # of the layer's output, copied for the channels asked about together


class AblationCam(ChannelwiseMap):
    """A channel counts with the share of the score that is lost when it is zero (equation 5).

    The share is of the score's magnitude: dividing by a negative score would turn the map around.
    Channels that are zero everywhere lose nothing and are not asked about.
    """

    name = "ablation_cam"

    def order(self, activations: np.ndarray, task: Task) -> np.ndarray:
        strength = np.abs(activations).mean(axis=(0, 1))
        order = np.argsort(-strength, kind="stable")
        return order[strength[order] > 0]

    def batch(self, task: Task, activations: np.ndarray) -> int:
        return max(1, min(task.batch, _VALUES // activations.size))

    def usual(self, task: Task, image: np.ndarray, scores: np.ndarray) -> np.ndarray:
        return scores

    def ask(
        self, task: Task, image: np.ndarray, activations: np.ndarray, channels: np.ndarray
    ) -> np.ndarray:
        run = _compiled(task.keras_model, task.layer)
        return run(image, activations, channels.astype(np.int32)).numpy()

    def weigh(self, asked: np.ndarray, usual: np.ndarray) -> np.ndarray:
        return (usual - asked) / np.where(usual == 0, 1, np.abs(usual))


def _compiled(
    keras_model: keras.Model, layer: str
) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]:
    """(an image (1, h, w, c), the layer's output (h', w', c'), channels (m,)) → scores (m, classes)
    without each of the channels.

    What lies before the layer is run only where the network leads it past the layer (residual
    connections): elsewhere nothing depends on it, and TensorFlow leaves it out.
    """

    def build() -> Callable:
        uses = count_uses(keras_model)[id(find_layer(keras_model, layer))]

        def run(images: tf.Tensor, activations: tf.Tensor, channels: tf.Tensor) -> tf.Tensor:
            mask = 1 - tf.one_hot(channels, tf.shape(activations)[-1])
            ablated = activations * mask[:, None, None, :]
            passed = 0

            def exchange(output: tf.Tensor) -> tf.Tensor | None:
                nonlocal passed
                passed += 1
                if passed < uses:
                    return None
                return tf.cast(tf.ensure_shape(ablated, (None, *output.shape[1:])), output.dtype)

            repeated = tf.repeat(images, tf.shape(channels)[0], axis=0)
            return run_through(keras_model, repeated, (layer,), on_output=exchange).scores

        signature = [
            image_signature(keras_model),
            tf.TensorSpec((None, None, None), tf.float32),
            tf.TensorSpec((None,), tf.int32),
        ]
        return tf.function(run, input_signature=signature, autograph=False)

    return compiled(keras_model, ("ablation_cam", layer), build)
