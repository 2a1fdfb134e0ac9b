"""Networks that compute in half precision, made to compute in float32.

Gradients of single pixels are small: in float16 most of them would be zero.
"""

from __future__ import annotations

import keras

_HALVES = ("float16", "bfloat16")


def in_float32(network: keras.Model) -> keras.Model:
    """The same network with the same weights, in float32 throughout.

    Args:
        network: functional or sequential, of any precision; it is not changed.

    Returns:
        ``network`` itself where nothing in it is in half precision.
    """
    config = network.get_config()
    full = _full(config)
    if full == config:
        return network
    again = type(network).from_config(full)
    again.set_weights(network.get_weights())
    return again


def _full(value: object) -> object:
    """A configuration with every half precision replaced."""
    if isinstance(value, dict):
        return {key: _full(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_full(inner) for inner in value)
    if isinstance(value, str) and value.removeprefix("mixed_") in _HALVES:
        return "float32"
    return value
