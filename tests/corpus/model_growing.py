"""Small descriptions of networks that would be enormous, slow or endless; odd numbers in them.

Each is (name, bytes, what is expected), as in ``model_files``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import keras
from keras import layers

from tests.corpus.model_files import (
    CANNOT,
    EITHER,
    HUGE,
    LONG,
    MANY,
    NAME,
    OPENS,
    PARTS,
    SIZE,
    SLOW,
    _object,
    _saved,
    good,
    instead,
    layer_of,
    members,
    packed,
    setting,
    with_config,
)


def growing() -> Iterator[tuple[str, bytes, str]]:
    """Small descriptions of something enormous."""
    for name, key, config in (
        ("attention", "MultiHeadAttention", {"num_heads": 9_000_000, "key_dim": 9_000}),
        (
            "grouped attention",
            "GroupQueryAttention",
            {"num_query_heads": 9**7, "head_dim": 99},
        ),
        ("einsum", "EinsumDense", {"equation": "ab,bc->ac", "output_shape": [9_000_000, 9_000]}),
        ("LSTM", "LSTM", {"units": 900_000}),
        ("GRU", "GRU", {"units": 900_000}),
        ("ConvLSTM2D", "ConvLSTM2D", {"filters": 90_000, "kernel_size": [9, 9]}),
        ("locally low rank", "Dense", {"units": 9, "lora_rank": 9_000_000, "kernel_size": [99, 1]}),
    ):
        data = instead("scale", class_name=key, config={"name": "x", **config})
        expected = EITHER if name == "locally low rank" else MANY
        yield f"parameters of {name}", data, expected
    yield "units as a fraction", setting("dense", units=1e9), MANY
    yield "units as digits", setting("dense", units="1000000000"), MANY
    yield "kernel as digits", setting("conv", kernel_size=["99999", "99999"]), MANY
    for name, config in (
        ("UpSampling2D", {"size": [9_000, 9_000]}),
        ("ZeroPadding2D", {"padding": [[90_000, 90_000], [90_000, 90_000]]}),
        ("Resizing", {"height": 90_000, "width": 90_000}),
    ):
        data = instead(
            "scale", class_name=name, config={"name": "scale", **config}, build_config=None
        )
        yield f"maps of {name}", _pooled(data), HUGE
    yield "nothing but work", _work(), SLOW
    array = {"class_name": "__numpy__", "config": {"value": [0], "dtype": "(30000,30000)f8"}}
    thing = _object("keras.initializers", "Constant", {"value": array})
    yield "seven gigabytes in the name of a kind", setting("conv", bias_initializer=thing), PARTS
    array = {"class_name": "__tensor__", "config": {"value": [0], "dtype": ["float32"]}}
    thing = _object("keras.initializers", "Constant", {"value": array})
    yield "a kind of numbers that is a list", setting("conv", bias_initializer=thing), PARTS
    yield "networks in networks, each twice, 25 deep", _doubling(25), LONG
    yield "layers in a ring", _ring(), CANNOT
    yield "a name of a megabyte", setting("conv", name="n" * 1_000_000), NAME
    yield "NaN as a scale", setting("scale", scale=float("nan")), OPENS
    yield "Infinity as a scale", setting("scale", scale=float("inf")), OPENS
    yield "numbers as 1e400", _replaced(b'"units": 4', b'"units": 1e400'), EITHER
    for units in (-4, 0, True, "4", [4], 4.0, None):
        yield f"units {units!r}", setting("dense", units=units), EITHER
    for shape in ([None, 8, 8], [None, 8, 8, 1, 1], [8], [], "x", [None, -8, 8, 1], [0, 8, 8, 1]):
        yield f"input of {shape!r}", setting("image", batch_shape=shape), EITHER
    yield "eight images at a time", setting("image", batch_shape=[8, 8, 8, 1]), EITHER
    yield "numbers that are too large for a seed", setting("conv", strides=[2**40, 1]), SIZE


def _pooled(data: bytes) -> bytes:
    """Brought back to a size that the next layer takes: large in the middle only."""
    parts = members(data)
    config = json.loads(parts["config.json"])
    layer_of(config, "scale")["build_config"] = None
    small = {"name": "small", "height": 8, "width": 8}
    config["config"]["layers"].insert(2, _object("keras.layers", "Resizing", small))
    parts["config.json"] = json.dumps(config).encode()
    return packed(parts)


def _work() -> bytes:
    """Two convolutions of large maps: little to keep, and minutes of arithmetic."""
    network = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Resizing(1600, 1600),
            layers.Conv2D(90, 1),
            layers.Conv2D(90, 9, padding="same"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, activation="softmax"),
        ]
    )
    return _saved(network, "work.keras")


def _doubling(depth: int) -> bytes:
    """A network that holds the one before it twice, and so on: a thousand million laughs."""

    def tensor(layer: str, node: int = 0) -> dict:
        config = {"shape": [None, 8, 8, 1], "dtype": "float32", "keras_history": [layer, node, 0]}
        return {"class_name": "__keras_tensor__", "config": config}

    def node(*given: dict) -> dict:
        return {"args": list(given), "kwargs": {}}

    start = _object("keras.layers", "InputLayer", {"batch_shape": [None, 8, 8, 1], "name": "in"})
    layer = _object("keras.layers", "Rescaling", {"name": "r0", "scale": 1.0, "offset": 0.0})
    inside = layer | {"name": "r0"}
    for level in range(depth):
        name = f"m{level}"
        part = inside | {"inbound_nodes": [node(tensor("in")), node(tensor(inside["name"]))]}
        if level:
            part["inbound_nodes"][1] = node(tensor(inside["name"], 1))
        last = [inside["name"], 2 if level else 1, 0]
        config = {
            "name": name,
            "trainable": True,
            "layers": [start | {"name": "in", "inbound_nodes": []}, part],
            "input_layers": [["in", 0, 0]],
            "output_layers": [last],
        }
        inside = _object("keras.src.models.functional", "Functional", config) | {"name": name}
    # the weights lie under the layers' kinds and numbers, so the part stands in for the scaling
    del inside["name"]
    return instead("scale", **inside, build_config=None)


def _ring() -> bytes:
    """Two layers, each of which wants the other's answer."""

    def layer(name: str, source: str) -> dict:
        config = {"shape": [None, 8, 8, 1], "dtype": "float32", "keras_history": [source, 0, 0]}
        given = {"class_name": "__keras_tensor__", "config": config}
        found = _object("keras.layers", "Rescaling", {"name": name, "scale": 1.0, "offset": 0.0})
        return found | {"name": name, "inbound_nodes": [{"args": [given], "kwargs": {}}]}

    start = _object("keras.layers", "InputLayer", {"batch_shape": [None, 8, 8, 1], "name": "in"})
    config = {
        "name": "ring",
        "layers": [start | {"name": "in", "inbound_nodes": []}, layer("a", "b"), layer("b", "a")],
        "input_layers": [["in", 0, 0]],
        "output_layers": [["b", 0, 0]],
    }
    return with_config(lambda old: {**_object("keras.src.models.functional", "Functional", config)})


def _replaced(old: bytes, new: bytes) -> bytes:
    parts = members(good())
    return packed(parts | {"config.json": parts["config.json"].replace(old, new)})
