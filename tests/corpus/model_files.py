"""Hostile and odd model files: every way we know to run code, read files or take all memory while a
Keras model is loaded, and damaged ones.

``files()`` gives (name, bytes, what is expected): ``OPENS``, or a part of the sentence. ``EITHER``
stands for files whose damage may or may not matter: they must open or get a sentence.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import layers

OPENS, EITHER = "opens", "either"
PARTS = "made of parts that are not opened"
LAMBDA = "holds a Lambda layer"
LONG = "far too long"
SIZE = "no network that can be opened here has such a size"
MANY = "million parameters"
DAMAGED = "damaged"
BELONG = "do not belong into a network"
ELSEWHERE = "lie in another file"
UNPACKED = "once unpacked"
NO_MODEL = "not a Keras model"
CANNOT = "Keras cannot open"
PACKED = "packed in an unusual way"
NAME = "has a name of"
INVISIBLE = "invisible characters"
HUGE = "million numbers of a single image"
SLOW = "thousand million operations"
NO_ANSWER = "cannot answer for a single image"

NOT_ALLOWED = (
    "TFSMLayer",
    "FlaxLayer",
    "JaxLayer",
    "TorchModuleWrapper",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
    "HashedCrossing",
    "Hashing",
    "Pipeline",
    "RandAugment",
    "Wrapper",
    "Layer",
)


@lru_cache(maxsize=1)
def good() -> bytes:
    """A small classifier, as Keras saves it."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            layers.Input((8, 8, 1), name="image"),
            layers.Rescaling(1 / 255, name="scale"),
            layers.Conv2D(3, 3, activation="relu", name="conv"),
            layers.Flatten(name="flatten"),
            layers.Dense(4, activation="softmax", name="dense"),
        ],
        name="net",
    )
    parts = members(_saved(network, "net.keras"))
    # Nothing of the day and nothing of the clock: every byte has to be the same each time.
    parts["metadata.json"] = b'{"keras_version": "3.0.0", "date_saved": "2026-01-01@00:00:00"}'
    return packed(parts)


@lru_cache(maxsize=1)
def good_h5() -> bytes:
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            layers.Input((8, 8, 1), name="image"),
            layers.Flatten(name="flatten"),
            layers.Dense(4, activation="softmax", name="dense"),
        ],
        name="net",
    )
    return _saved(network, "net.h5")


def _saved(network: keras.Model, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        network.save(path)
        return path.read_bytes()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in parts.items():
            entry = zipfile.ZipInfo(name)  # dated 1980
            entry.compress_type = compression
            archive.writestr(entry, data)
    return out.getvalue()


def with_config(change: Callable[[dict], object]) -> bytes:
    """The good model, its description changed in place (or replaced by what is returned)."""
    parts = members(good())
    config = json.loads(parts["config.json"])
    changed = change(config)
    parts["config.json"] = json.dumps(config if changed is None else changed).encode()
    return packed(parts)


def layer_of(config: dict, name: str) -> dict:
    return next(x for x in config["config"]["layers"] if x["config"].get("name") == name)


def instead(name: str, /, **changes: object) -> bytes:
    """The good model, one of its layers said to be something else."""
    return with_config(lambda config: layer_of(config, name).update(changes))


def setting(name: str, /, **changes: object) -> bytes:
    """The good model, settings of a layer changed."""
    return with_config(lambda config: layer_of(config, name)["config"].update(changes))


def _function(module: str, name: str, /, **more: object) -> dict:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name} | (
        more
    )


def _object(module: str | None, name: str, config: object = None) -> dict:
    found = {"class_name": name, "config": config or {}, "registered_name": None}
    return found if module is None else {"module": module, **found}


def _code() -> str:
    compiled = compile("__import__('os').system('touch /tmp/cnnviz-was-here')", "x", "eval")
    return base64.b64encode(marshal.dumps(compiled)).decode()


def running_code() -> Iterator[tuple[str, bytes, str]]:
    """Descriptions that name code: layers, functions, classes from elsewhere."""
    for name in ("Lambda",):
        config = {
            "name": "x",
            "function": {"class_name": "__lambda__", "config": {"code": _code()}},
        }
        yield "lambda layer", instead("scale", class_name=name, config=config), LAMBDA
        wrapped = {"name": "x", "layer": _object("keras.layers", name, config)}
        for wrapper in ("TimeDistributed", "Bidirectional", "SpectralNormalization"):
            changed = instead("scale", class_name=wrapper, config=wrapped)
            yield f"lambda in {wrapper}", changed, LAMBDA
        inner = {"name": "inner", "layers": [_object("keras.layers", name, config)]}
        middle = {"name": "middle", "layers": [_object("keras", "Sequential", inner)]}
        yield (
            "lambda two levels deep",
            instead("scale", class_name="Sequential", config=middle),
            (LAMBDA),
        )
    for name in NOT_ALLOWED:
        config = {"name": "x", "filepath": "/etc/passwd", "vocabulary": "/etc/passwd"}
        yield f"layer {name}", instead("scale", class_name=name, config=config), PARTS
    for module, name in (
        ("os", "system"),
        ("builtins", "exec"),
        ("builtins", "eval"),
        ("builtins", "function"),
        ("builtins", "open"),
        ("subprocess", "Popen"),
        ("posix", "system"),
        ("numpy", "load"),
        ("pickle", "loads"),
        ("shutil", "rmtree"),
        ("ctypes", "CDLL"),
        ("importlib", "import_module"),
        ("keras.utils", "get_file"),
        ("keras.src.utils.file_utils", "get_file"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.src.saving.serialization_lib", "enable_unsafe_deserialization"),
        ("keras.saving", "load_model"),
        ("keras.src.legacy.saving.legacy_h5_format", "load_model_from_hdf5"),
        ("keras.layers", "deserialize"),
        ("keras.models", "load_model"),
        ("keras.models", "clone_model"),
        ("keras.src.ops.core", "Map"),
        ("keras.src.ops.core", "WhileLoop"),
        ("keras.src.ops.core", "VectorizedMap"),
        ("keras.export", "ExportArchive"),
        ("keras.wrappers", "SKLearnClassifier"),
        ("keras.callbacks", "LambdaCallback"),
        ("keras.callbacks", "BackupAndRestore"),
        ("keras.datasets.mnist", "load_data"),
        ("keras.distribution", "initialize"),
        ("tensorflow", "io"),
        ("tensorflow.keras.layers", "Lambda"),
        ("kerass.layers", "Dense"),
        ("keras.evil", "Dense"),
        ("", "Dense"),
        ("../layers", "Dense"),
    ):
        expected = LAMBDA if name == "Lambda" else PARTS
        yield f"layer {module}.{name}", instead("scale", module=module, class_name=name), expected
        if expected == PARTS:
            thing = _object(module, name, {"path": "/etc/passwd"})
            yield f"initialiser {module}.{name}", setting("conv", kernel_initializer=thing), PARTS
    for module, name in (
        ("builtins", "eval"),
        ("os", "system"),
        ("keras.utils", "get_file"),
        ("keras.config", "enable_unsafe_deserialization"),
    ):
        yield (
            f"activation {module}.{name}",
            setting("conv", activation=_function(module, name)),
            (PARTS),
        )
        dressed = _object(None, "function") | {"module": module, "config": name}
        yield f"regulariser {module}.{name}", setting("conv", kernel_regularizer=dressed), PARTS
    value = {"class_name": "__lambda__", "config": {"value": _code()}}
    yield "lambda as an activation", setting("conv", activation=value), PARTS
    yield "class registered by its author", instead("scale", registered_name="evil>Scale"), PARTS
    yield "unknown layer", instead("scale", class_name="Strange"), PARTS


def taking_memory() -> Iterator[tuple[str, bytes, str]]:
    """Descriptions and files that become far larger than they look."""
    yield "150 million units", setting("dense", units=150_000_000), SIZE
    yield "nine million units", setting("dense", units=9_000_000), MANY
    yield "nine million filters", setting("conv", filters=9_000_000, kernel_size=[9, 9]), MANY
    yield "kernel of a million pixels", setting("conv", kernel_size=[100_000, 100_000]), MANY
    yield (
        "input of a million pixels a side",
        setting("image", batch_shape=[None, 1_000_000, 1_000_000, 1]),
        "pixels a side",
    )
    big = {"name": "x", "input_dim": 9_000_000, "output_dim": 9_000}
    yield "embedding", instead("scale", class_name="Embedding", config=big), MANY
    big = {"name": "x", "n": 10**18}
    yield "repeated 10^18 times", instead("scale", class_name="RepeatVector", config=big), SIZE
    parts = members(good())
    for name, count in (("inflated description", 40_000_000), ("long description", 4_000_000)):
        text = b'{"class_name": "Sequential", "config": {"layers": [' + b"[]," * count
        yield name, packed(parts | {"config.json": text}, zipfile.ZIP_DEFLATED), LONG
    nested = "[" * 100_000 + "]" * 100_000
    yield "a hundred thousand brackets", packed(parts | {"config.json": nested.encode()}), DAMAGED
    deep: dict = {}
    for _ in range(400):
        deep = {"config": deep}
    yield "400 levels deep", with_config(lambda c: c["config"].update(deep=deep)), LONG
    yield "a million values", with_config(lambda c: c["config"].update(x=[0] * 1_100_000)), LONG
    yield (
        "number with 4000 digits",
        packed(
            parts
            | {
                "config.json": parts["config.json"].replace(
                    b'"units": 4', b'"units": 1' + b"0" * 4000
                )
            }
        ),
        (SIZE),
    )
    yield (
        "number with 5000 digits",
        packed(
            parts
            | {
                "config.json": parts["config.json"].replace(
                    b'"units": 4', b'"units": 1' + b"0" * 5000
                )
            }
        ),
        DAMAGED,
    )
    yield "weights of two gigabytes of zeros", _announcing(2_000_000_000), UNPACKED
    for name, shape in (("10 TB array", (10**12, 10)), ("1.2 GB array", (3 * 10**8,))):
        yield name, packed(parts | {"model.weights.h5": _sparse(shape)}), UNPACKED


def _announcing(size: int) -> bytes:
    """A zip whose directory says that the weights are this large, deflated from zeros."""
    data = bytearray(packed(members(good()), zipfile.ZIP_DEFLATED))
    place = data.rfind(b"PK\x01\x02", 0, data.rfind(b"model.weights.h5"))
    struct.pack_into("<I", data, place + 24, size)
    return bytes(data)


def _sparse(shape: tuple[int, ...]) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_dataset("x", shape, "f4", chunks=tuple(min(s, 1024) for s in shape))
    return out.getvalue()


def _weights(fill: Callable[[h5py.File], None]) -> bytes:
    """The good model with something more in its weights."""
    parts = members(good())
    out = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(out, "r+") as file:
        fill(file)
    return packed(parts | {"model.weights.h5": out.getvalue()})


def reading_files() -> Iterator[tuple[str, bytes, str]]:
    """Weights that lie elsewhere, and members that want to."""

    def outside(file: h5py.File) -> None:
        file.create_dataset("x", (10,), "u1", external=[("/etc/passwd", 0, 10)])

    def virtual(file: h5py.File) -> None:
        layout = h5py.VirtualLayout((10,), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (10,))
        file.create_virtual_dataset("x", layout)

    def linked(file: h5py.File) -> None:
        file["x"] = h5py.ExternalLink("/etc/passwd", "/")

    def soft(file: h5py.File) -> None:
        file["x"] = h5py.SoftLink("/layers/nothing")

    def ring(file: h5py.File) -> None:
        file.create_group("a")["b"] = file["/"]

    for name, fill in (
        ("array kept in another file", outside),
        ("virtual array", virtual),
        ("link to another file", linked),
        ("soft link", soft),
    ):
        yield name, _weights(fill), ELSEWHERE
    yield "ring of groups", _weights(ring), EITHER
    parts = members(good())
    for name in (
        "assets/vocabulary.txt",
        "../../evil.py",
        "/etc/cron.d/evil",
        "C:\\evil.bat",
        "model.weights.json",
        "evil.so",
        "\u202etxt.exe",
        "config.json/",
    ):
        yield f"member {ascii(name)}", packed(parts | {name: b"x"}), BELONG
    out = io.BytesIO(packed(parts))
    with zipfile.ZipFile(out, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("config.json", b"{}")
    yield "two descriptions", out.getvalue(), BELONG
    link = zipfile.ZipInfo("model.weights.h5")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("config.json", parts["config.json"])
        archive.writestr(link, "/etc/passwd")
    yield "weights as a symbolic link", out.getvalue(), DAMAGED


def odd() -> Iterator[tuple[str, bytes, str]]:
    """Not models, damaged ones, and good ones that look strange."""
    yield "good", good(), OPENS
    yield "good h5", good_h5(), OPENS
    yield "good, deflated", packed(members(good()), zipfile.ZIP_DEFLATED), OPENS
    yield (
        "large seed",
        setting(
            "conv",
            kernel_initializer=_object("keras.initializers", "GlorotUniform", {"seed": 2**62}),
        ),
        OPENS,
    )
    yield (
        "custom loss left aside",
        with_config(lambda c: c.update(compile_config={"loss": _object("mine", "Loss")})),
        OPENS,
    )
    yield "empty", b"", NO_MODEL
    yield "text", b"hello " * 100, NO_MODEL
    yield "python", b"import os\nos.system('true')\n", NO_MODEL
    yield "pickle", b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix", NO_MODEL
    yield "png", b"\x89PNG\r\n\x1a\n" + bytes(100), NO_MODEL
    yield "elf", b"\x7fELF" + bytes(100), NO_MODEL
    yield "zip of nothing", packed({}), "zip file, but not"
    yield "zip of photos", packed({"cat.jpg": b"x"}), "zip file, but not"
    yield "hdf5 of nothing", _sparse((3,)), "only weights"
    for cut in (1, 100, 3000):
        yield f"{cut} bytes short", good()[:-cut], DAMAGED
        yield f"h5 {cut * 5} bytes short", good_h5()[: -cut * 5], EITHER
    for config in ([], "text", {"class_name": 3}, {"layers": [3, None]}, None, 7, {}):
        parts = members(good()) | {"config.json": json.dumps(config).encode()}
        yield f"description {json.dumps(config)}", packed(parts), EITHER
    for text in (b"", b"{", b"\xff\xfe", b"NaN", b'{"a":Infinity}', b"\x00" * 50):
        parts = members(good()) | {"config.json": text}
        yield f"description {text[:12]!r}", packed(parts), EITHER
    for name in ("conv", "dense"):
        for key, value in (("units", -1), ("filters", 0), ("kernel_size", "x"), ("dtype", "x")):
            yield f"{name} {key}={value}", setting(name, **{key: value}), EITHER
    yield "not a number as scale", setting("scale", scale="NaN"), EITHER
    rng = np.random.default_rng(0)
    for number in range(40):
        source = good() if number % 2 else good_h5()
        data = bytearray(source)
        for place in rng.integers(0, len(data), 1 + number):
            data[place] = rng.integers(0, 256)
        yield f"{1 + number} bytes changed", bytes(data), EITHER


def files() -> Iterator[tuple[str, bytes, str]]:
    """All of them: name, content, expectation."""
    for group in (running_code, taking_memory, reading_files, odd):
        yield from group()


TRACE = Path("/tmp/cnnviz-was-here")
