"""The two networks that explanations are measured on: a small one, and EfficientNet-Lite0."""

from __future__ import annotations

import keras

from cnnviz.models.model import Model, load_model
from cnnviz.models.networks import build
from cnnviz.models.structure import make_card

SIDE = 64


def small_net() -> tuple[Model, keras.Model]:
    """A VGG for 64-pixel colour images, and the same network ending at its scores."""
    keras.utils.set_random_seed(0)
    network = build("vgg_bn", (SIDE, SIDE, 3), 10, width=16)
    card = make_card(network, "Small net", tuple("abcdefghij"))
    return Model(network, card), keras.Model(network.inputs, network.get_layer("logits").output)


def large_net() -> tuple[Model, keras.Model]:
    """EfficientNet-Lite0, and the same network ending at its scores."""
    model = load_model("imagenet_efficientnet_lite0")
    network = model.keras_model
    return model, keras.Model(network.inputs, network.layers[-1].input)
