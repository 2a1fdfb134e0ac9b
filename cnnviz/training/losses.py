"""Losses that Keras does not have for class numbers."""

from __future__ import annotations

import keras
import tensorflow as tf


class Smoothed(keras.losses.Loss):
    """Cross-entropy against labels that leave ``share`` to all classes alike (arXiv 1512.00567).

    Takes class numbers, which Keras' own label smoothing does not.
    """

    def __init__(self, share: float, classes: int) -> None:
        super().__init__(name="smoothed_crossentropy")
        self._share, self._classes = share, classes

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        wanted = tf.one_hot(tf.cast(tf.reshape(y_true, [-1]), tf.int32), self._classes)
        return keras.losses.categorical_crossentropy(wanted, y_pred, label_smoothing=self._share)
