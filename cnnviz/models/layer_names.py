"""Names of layers that TensorFlow can carry into a compiled graph.

Keras takes any name without a slash, and networks trained with JAX or PyTorch have some with
spaces, commas or Chinese signs in them. Called inside a ``tf.function`` such a layer fails: scopes
in a graph are named by ASCII letters, digits and a few signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import keras

_CARRIED = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")  # TensorFlow's own rule
_OTHERS = re.compile(r"[^A-Za-z0-9.]+")


def carry_names(network: keras.Model) -> None:
    """Rename the layers, in place, whose names TensorFlow cannot carry: “my conv” → “my_conv”.

    A name of which nothing is left becomes the layer's kind; two of one name get a number.
    """
    if not _CARRIED.fullmatch(network.name):
        network.name = _carried(network, set())
    for model in _models(network):
        parts = [*dict.fromkeys([*model.layers, *getattr(model, "operations", [])])]
        taken = {part.name for part in parts if _CARRIED.fullmatch(part.name)}
        for part in parts:
            if not _CARRIED.fullmatch(part.name):
                part.name = _carried(part, taken)
                taken.add(part.name)


def _models(network: keras.Model) -> Iterator[keras.Model]:
    yield network
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _models(layer)


def _carried(part: keras.Operation, taken: set[str]) -> str:
    plain = _OTHERS.sub("_", part.name)[:60].strip("_") or type(part).__name__.lower()
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain}_{number}"
    return name
