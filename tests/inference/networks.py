"""Tiny networks with random weights, each in the forms that a network can have."""

import keras
import numpy as np
from keras import layers

from cnnviz.models.model import Model
from cnnviz.models.structure import make_card


def flat(seed=0, side=12, channels=3, classes=5):
    """Functional, softmax as a layer of its own."""
    keras.utils.set_random_seed(seed)
    inputs = layers.Input((side, side, channels), name="image")
    x = layers.Rescaling(1 / 255, name="scale")(inputs)
    x = layers.Conv2D(6, 3, padding="same", name="conv_1")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Activation("relu", name="relu_1")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Conv2D(8, 3, activation="relu", name="conv_2")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(classes, name="logits")(x)
    x = layers.Activation("softmax", name="softmax")(x)
    return shaken(keras.Model(inputs, x), seed)


def shaken(network, seed=0):
    """All weights random, moving averages of normalisations too (their start hides mistakes)."""
    rng = np.random.default_rng(seed)
    network.set_weights(
        [
            rng.uniform(0.5, 1.5, w.shape) if "variance" in v.path else rng.normal(0, 0.4, w.shape)
            for v, w in zip(network.weights, network.get_weights(), strict=True)
        ]
    )
    return network


def nested(seed=0):
    """The same network as ``flat``, its convolutions in a model inside a model."""
    twin = flat(seed)
    inner_in = layers.Input((12, 12, 3), name="inner_image")
    x = inner_in
    for name in ("conv_1", "norm", "relu_1", "pool", "conv_2"):
        x = twin.get_layer(name)(x)
    inner = keras.Model(inner_in, x, name="inner")
    middle_in = layers.Input((12, 12, 3), name="middle_image")
    middle = keras.Model(middle_in, inner(twin.get_layer("scale")(middle_in)), name="middle")
    outer_in = layers.Input((12, 12, 3), name="image")
    x = twin.get_layer("flatten")(middle(outer_in))
    x = twin.get_layer("softmax")(twin.get_layer("logits")(x))
    # Rebuilt from its config, so that no layer is shared with the flat twin.
    copy = keras.models.clone_model(keras.Model(outer_in, x))
    copy.set_weights(keras.Model(outer_in, x).get_weights())
    return copy


def sequential(seed=0):
    """Sequential, softmax fused into the last layer."""
    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [
            layers.Input((12, 12, 1)),
            layers.Conv2D(4, 3, name="conv"),
            layers.ReLU(name="relu"),
            layers.GlobalAveragePooling2D(name="average"),
            layers.Dense(3, activation="softmax", name="answer"),
        ]
    )
    return shaken(network, seed)


def images(network, count=3, seed=0):
    shape = (count, *network.inputs[0].shape[1:])
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def model(network, **known):
    """The network with a card."""
    units = network.output_shape[-1]
    names = tuple(f"class {i}" for i in range(max(2, units)))
    return Model(network, make_card(network, "Test", names, **known))
