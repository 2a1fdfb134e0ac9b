"""Score-CAM (Wang et al., arXiv 1910.01279)."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from cnnviz.explanation.methods.channelwise import ChannelwiseMap
from cnnviz.explanation.task import Option, Task
from cnnviz.inference.layers import compiled, image_signature, run_through


class ScoreCam(ChannelwiseMap):
    """A channel counts as much as the class gains when only what it marks is visible.

    The channel, enlarged and scaled to 0–1, multiplies the raw image; its weight is the probability
    of the class then, less that for a black image (the paper's definition 3, with probabilities as
    its section on normalisation says; there is no further softmax over the channels, which with
    scores leaves one channel alone). ``channels``: only those that vary most over the image are
    asked about (as in Faster Score-CAM), 0 for all.
    """

    name = "score_cam"
    options = {"channels": Option(32, 0, 65_536)}

    def order(self, activations: np.ndarray, task: Task) -> np.ndarray:
        spread = activations.std(axis=(0, 1))
        order = np.argsort(-spread, kind="stable")
        varied = np.ptp(activations, axis=(0, 1)) > 0
        return order[varied[order]][: task.options["channels"] or None]

    def usual(self, task: Task, image: np.ndarray, scores: np.ndarray) -> np.ndarray:
        nothing = np.zeros((1, 1, 1), np.float32)
        return _compiled(task.keras_model)(image, nothing).numpy()[0]

    def ask(
        self, task: Task, image: np.ndarray, activations: np.ndarray, channels: np.ndarray
    ) -> np.ndarray:
        maps = np.ascontiguousarray(activations[:, :, channels].transpose(2, 0, 1))
        return _compiled(task.keras_model)(image, maps).numpy()

    def weigh(self, asked: np.ndarray, usual: np.ndarray) -> np.ndarray:
        return asked - usual


def _compiled(keras_model: keras.Model) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """(an image (1, h, w, c), maps (m, h', w')) → probabilities (m, classes) of the image behind
    each map. A map without differences covers everything."""

    def build() -> Callable:
        def run(images: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
            masks = tf.image.resize(maps[..., None], tf.shape(images)[1:3])  # half-pixel bilinear
            low = tf.reduce_min(masks, axis=(1, 2, 3), keepdims=True)
            high = tf.reduce_max(masks, axis=(1, 2, 3), keepdims=True)
            masked = images * tf.math.divide_no_nan(masks - low, high - low)
            masked = tf.ensure_shape(masked, (None, *images.shape[1:]))
            return run_through(keras_model, masked).probabilities

        signature = [image_signature(keras_model), tf.TensorSpec((None, None, None), tf.float32)]
        return tf.function(run, input_signature=signature, autograph=False)

    return compiled(keras_model, ("score_cam",), build)
