"""Model files whose zip or HDF5 is not what it says, and names of layers.

Each is (name, bytes, what is expected), as in ``model_files``.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator

import h5py
import numpy as np

from tests.corpus.model_attacks import h5_attribute, h5_with_config
from tests.corpus.model_files import (
    BELONG,
    CANNOT,
    DAMAGED,
    EITHER,
    ELSEWHERE,
    INVISIBLE,
    LONG,
    NAME,
    OPENS,
    PACKED,
    _object,
    _weights,
    good,
    good_h5,
    layer_of,
    members,
    packed,
    setting,
    with_config,
)


def names() -> Iterator[tuple[str, bytes, str]]:
    """Layers' names: whatever can be shown may stand there."""
    for name in (
        "**bold** [link](mailto:a) <b>x",
        "comma, and %2C",
        "层一",
        "e\u0301 \U0001f600",
        "a" * 200,
        "=1+1",
        "{0.__class__}",
    ):
        yield f"layer called {ascii(name[:20])}", setting("conv", name=name), OPENS
    for name in ("\u202eevil", "a\u2066b", "a\0b", "line\nfeed", "\x1b[31m", "\ud800", "\ufeff"):
        yield f"layer called {ascii(name)}", setting("conv", name=name), INVISIBLE
    yield "layer called by 201 signs", setting("conv", name="a" * 201), NAME
    yield "layer called a/b", setting("conv", name="a/b"), CANNOT
    yield "two layers of one name", setting("conv", name="dense"), CANNOT
    yield "layer without a name", setting("conv", name=None), EITHER


def archives() -> Iterator[tuple[str, bytes, str]]:
    """Zips that are not what they say."""
    parts = members(good())
    for kind, name in ((zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")):
        yield f"packed by {name}", packed(parts, kind), PACKED
        bomb = packed(parts | {"config.json": b" " * 7_000_000}, kind)
        yield f"packed bomb by {name}", bomb, PACKED
    yield "with a comment", _commented(), OPENS
    yield "rubbish before it", b"#!/bin/sh\n" * 100 + good(), OPENS
    yield "an .h5 before it", good_h5() + good(), OPENS
    renamed = good().replace(b"config.json", b"confiq.json", 1)
    yield "two names of one member", renamed, DAMAGED
    locked = bytearray(good())
    for signature, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = 0
        while (start := locked.find(signature, start)) >= 0:
            locked[start + place] |= 1
            start += 4
    yield "with a password", bytes(locked), DAMAGED
    overlapping = bytearray(good())
    where = [i for i in range(len(overlapping)) if overlapping.startswith(b"PK\x01\x02", i)]
    first = overlapping[where[0] + 42 : where[0] + 46]
    overlapping[where[2] + 42 : where[2] + 46] = first
    yield "members that overlap", bytes(overlapping), DAMAGED
    yield "weights that are no HDF5", packed(parts | {"model.weights.h5": b"PK" * 99}), DAMAGED
    yield "weights that are a zip", packed(parts | {"model.weights.h5": good()}), DAMAGED
    yield "weights of nothing", packed(parts | {"model.weights.h5": b""}), DAMAGED
    for name in (
        "model.weights.npz",
        "assets/x.npy",
        "optimizer.pkl",
        "__init__.py",
        "CONFIG.JSON",
    ):
        yield f"with {name}", packed(parts | {name: b"x"}), BELONG
    shorter = bytearray(packed(parts, zipfile.ZIP_DEFLATED))
    place = shorter.rfind(b"PK\x01\x02", 0, shorter.rfind(b"config.json"))
    struct.pack_into("<I", shorter, place + 24, 50)
    yield "says 50 bytes, is more", bytes(shorter), DAMAGED
    for number, text in enumerate(
        (
            json.dumps(json.loads(parts["config.json"])).encode("utf-16"),
            b"\xef\xbb\xbf" + parts["config.json"],
            parts["config.json"] + b"\n\n",
            b"//x\n" + parts["config.json"],
            parts["config.json"].replace(b'"Rescaling"', b'"Lambda", "class_name": "Rescaling"', 1),
            parts["config.json"].replace(b'"Rescaling"', b'"Rescaling", "class_name": "Lambda"', 1),
            parts["config.json"].replace(b"Rescaling", b"\\u0052escaling", 1),
        )
    ):
        yield (
            f"description written otherwise, {number}",
            packed(parts | {"config.json": text}),
            EITHER,
        )


def _commented() -> bytes:
    out = io.BytesIO(good())
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"x" * 60_000
    return out.getvalue()


def hdf5() -> Iterator[tuple[str, bytes, str]]:
    """What HDF5 allows inside a weights file."""
    for name, value in (
        ("numbers", np.arange(9)),
        ("nothing", h5py.Empty("f")),
        ("many texts", np.array(["{}"] * 5, h5py.string_dtype())),
        ("a number", 7),
        ("a short text", "{"),
        ("bytes", np.bytes_(b"\xff\xfe")),
    ):
        yield f"description that is {name}", h5_attribute("model_config", value), DAMAGED
    long = "[" * 9_000_000
    yield "description of nine megabytes in .h5", h5_attribute("model_config", long), LONG
    texts = np.array(["x"] * 20_000, h5py.string_dtype())
    yield "a text referred to 20,000 times", _with_attribute(texts), DAMAGED
    large = np.zeros(5_000_000)
    yield "an attribute of 40 MB", _with_attribute(large), DAMAGED

    def set_kernel(value: object, **options: object) -> bytes:
        def fill(file: h5py.File) -> None:
            group = file["layers/dense/vars"]
            del group["0"]
            group.create_dataset("0", data=value, **options)

        return _weights(fill)

    right = np.ones((108, 4))
    yield "weights in double precision", set_kernel(right), OPENS
    yield "weights in half precision", set_kernel(right.astype("f2")), OPENS
    yield "weights that are whole numbers", set_kernel(right.astype("i8")), OPENS
    yield "weights that are NaN", set_kernel(right * np.nan), OPENS
    yield "weights packed by gzip", set_kernel(right, compression="gzip"), OPENS
    yield "weights of another shape", set_kernel(right[:5]), CANNOT
    yield "weights that are texts", set_kernel(np.array(["x"] * 9, dtype="S1")), CANNOT
    pairs = np.zeros((108, 4), np.dtype([("a", "f4"), ("b", "f4")]))
    yield "weights that are pairs", set_kernel(pairs), EITHER
    yield "weights that are a single number", set_kernel(1.0), CANNOT
    yield "weights that are nothing", set_kernel(h5py.Empty("f")), EITHER
    texts = np.array(["x" * 99] * 20_000, h5py.string_dtype())
    yield "weights that are 20,000 long texts", set_kernel(texts), DAMAGED
    yield "no weights for a layer", _weights(lambda f: f["layers/dense/vars"].clear()), CANNOT
    yield "no weights at all", _weights(lambda f: f.clear()), CANNOT

    def references(file: h5py.File) -> None:
        found = np.array([file["layers"].ref] * 3, h5py.ref_dtype)
        file.create_dataset("x", data=found)

    def kind(file: h5py.File) -> None:
        file["kind"] = np.dtype("f8")

    def deep(file: h5py.File) -> None:
        group = file
        for _ in range(2_000):
            group = group.create_group("g")

    yield "references between groups", _weights(references), OPENS
    yield "a kind of numbers under a name", _weights(kind), OPENS
    yield "2,000 groups deep", _weights(deep), EITHER
    state = {"x": h5py.ExternalLink("/etc/passwd", "/")}

    def optimizer(file: h5py.File) -> None:
        group = file.create_group("optimizer/vars")
        for name, link in state.items():
            group[name] = link

    yield "an optimizer's state that lies elsewhere", _weights(optimizer), ELSEWHERE
    yield "half a network", setting("flatten", name=7), EITHER
    yield "layers that do not fit", setting("conv", kernel_size=[9, 9]), EITHER
    channels = setting("conv", data_format="channels_first")
    yield "channels first", channels, EITHER
    bad = h5_with_config(lambda c: c["config"].update(layers=c["config"]["layers"][:-1]))
    yield "no classes any more", bad, EITHER
    yield "answer for no class", _reshaped(), "does not answer with one number a class"


def _reshaped() -> bytes:
    """A network whose last layer turns the answer into categories."""

    def change(config: dict) -> None:
        layer_of(config, "image")["config"]["batch_shape"] = [None, 8, 8, 1]
        flip = {"name": "x", "output_mode": "one_hot", "num_tokens": 4}
        config["config"]["layers"].append(_object("keras.layers", "CategoryEncoding", flip))

    return with_config(change)


def _with_attribute(value: np.ndarray) -> bytes:
    """With one large attribute, which only the newer form of the file allows."""
    parts = members(good())
    out = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(out, "r+", libver="latest") as file:
        file.create_group("x").attrs["x"] = value
    return packed(parts | {"model.weights.h5": out.getvalue()})


def containers() -> Iterator[tuple[str, bytes, str]]:
    for group in (names, archives, hdf5):
        yield from group()
