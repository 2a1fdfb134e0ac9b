"""A network as a file for other programs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import tensorflow as tf

from cnnviz.models.model import Model


def export_keras(model: Model) -> bytes:
    """The network as a ``.keras`` file, without an optimizer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.keras_model.save(path)
        return path.read_bytes()


def export_tflite(model: Model) -> bytes:
    """The network in LiteRT's format (``.tflite``), for phones and small computers.

    Input (1, h, w, c) float32 with raw 0–255 values, output what the Keras network gives, in
    float32.
    """
    network = model.keras_model
    if None in network.inputs[0].shape[1:]:  # LiteRT plans its memory ahead
        image = keras.Input(model.card.input_shape, name="image")
        network = keras.Model(image, network(image))
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    return converter.convert()
