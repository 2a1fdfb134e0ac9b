"""Networks so plain that their explanations are known."""

import keras
import numpy as np
from keras import layers

from tests.inference import networks


def linear(shape=(4, 5, 3), classes=3):
    """Scores are sums of weighted pixels. Returns the model, weights (*shape, classes), biases."""
    inputs = layers.Input(shape)
    x = layers.Dense(classes, activation="softmax")(layers.Flatten()(inputs))
    network = keras.Model(inputs, x)
    random = np.random.default_rng(5)
    weights = random.normal(0, 0.01, (*shape, classes)).astype(np.float32)
    biases = random.normal(0, 1, classes).astype(np.float32)
    network.set_weights([weights.reshape(-1, classes), biases])
    return networks.model(network), weights, biases


def one_pixel(row, column, side=12):
    """Class 1 is what the brightness of one pixel says: its share goes from 0.12 to 0.88."""
    model, weights, biases = linear((side, side, 1), 2)
    weights[:], biases[:] = 0, 0
    weights[row, column, 0, 1], biases[1] = 4 / 255, -2
    model.keras_model.set_weights([weights.reshape(-1, 2), biases])
    return model
