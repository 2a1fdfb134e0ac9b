"""Looking at a Keras file that a stranger made, before Keras does.

Nothing is built and nothing of the file is believed: which members it has and how large they would
become, how deep and long its description is, which parts it names, what its weights file refers to,
and how much memory the network would take.
"""

from __future__ import annotations

import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import h5py

from cnnviz.errors import BadModel
from cnnviz.models.allowed import is_allowed, is_known_name
from cnnviz.models.estimating import calls, parameters
from cnnviz.models.vetting_words import damaged, shown, too_long
from cnnviz.models.weights_vetting import MAX_WEIGHTS_BYTES, check_weights, too_heavy

MAX_FILE_BYTES = 1_000_000_000
MAX_CONFIG_BYTES = 8_000_000
MAX_DEPTH = 120  # of the description; a network inside a network adds about five
MAX_VALUES = 1_000_000
MAX_PARAMETERS = 250_000_000
MAX_CALLS = 50_000  # of layers and what they are made of, while the network is built
MAX_INPUT_SIDE = 4096  # pixels
MAX_NAME = 200  # characters of a layer's name
_MAX_NUMBER = 10_000_000
_MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
_NEVER_BUILT = ("compile_config", "training_config")  # optimizer and losses: not loaded here
_ANY_NUMBER = ("seed", "shared_object_id")  # where a large one means nothing
_ARRAYS = ("__numpy__", "__tensor__")
_NUMBERS = re.compile(r"(float|bfloat|int|uint|bool)\d{0,2}")
_HIDDEN = ("Cc", "Cf", "Cs")  # control, format (they turn the text around them), half a sign
_JOINERS = "\u200c\u200d"  # some scripts are written with them
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def vet(path: Path) -> dict:
    """The description of the network in a ``.keras`` or ``.h5`` file that may be opened.

    Raises:
        BadModel: with a sentence that says why it may not.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise BadModel(
            "“{name}” is larger than {limit} MB; such a network is too large to be opened here.",
            name=shown(path),
            limit=MAX_FILE_BYTES // 1_000_000,
        )
    try:
        config = _of_zip(path) if zipfile.is_zipfile(path) else _of_h5(path)
        check_description(config, path)
    except (BadModel, MemoryError):
        raise
    except Exception:  # readers raise almost anything on damaged files
        raise damaged(path) from None
    return config


def check_description(config: object, path: Path) -> None:
    """Raise BadModel unless a network's description is small, plain, and made of allowed parts."""
    if not isinstance(config, dict):
        raise damaged(path)
    config = {k: v for k, v in config.items() if k not in _NEVER_BUILT}
    _check_size(config, path)
    parts = list(_parts(config))
    if any(name == "Lambda" for _, name, _ in parts):
        raise BadModel(
            "“{name}” holds a Lambda layer: program code of its own, which is not run here. "
            "Replace it by a layer of Keras, such as Rescaling, and save the network again.",
            name=shown(path),
        )
    refused = {name for module, name, _ in parts if not is_allowed(module, name)}
    refused |= set(_strange_names(part for *_, part in parts))
    if refused:
        raise BadModel(
            "“{name}” is made of parts that are not opened here: {parts}. Only Keras's own layers "
            "can be opened, and of those only what neither runs code nor reads files.",
            name=shown(path),
            parts=", ".join(sorted(f"{name[:40]}" for name in refused)[:5]),
        )
    for _, _, part in parts:
        _check_input(part, path)
        _check_name(part, path)
    if calls(config) > MAX_CALLS:
        raise too_long(path)
    estimated = sum(parameters(part) for _, _, part in parts)
    if estimated > MAX_PARAMETERS:
        raise BadModel(
            "The network in “{name}” would have about {count} million parameters; at most {limit} "
            "million can be opened here.",
            name=shown(path),
            count=f"{min(estimated // 1_000_000, 10**12):,}",
            limit=MAX_PARAMETERS // 1_000_000,
        )


def _of_zip(path: Path) -> dict:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if not {"config.json", "model.weights.h5"} <= set(names):
            raise BadModel(
                "“{name}” is a zip file, but not a Keras model. Save the network with "
                "model.save(…) as a .keras file.",
                name=shown(path),
            )
        if set(names) - _MEMBERS or len(names) > len(set(names)):
            raise BadModel(
                "“{name}” holds files that do not belong into a network: {files}. Networks "
                "that bring files of their own are not opened here.",
                name=shown(path),
                files=", ".join(sorted(ascii(n)[1:-1][:40] for n in set(names) - _MEMBERS)[:3])
                or "the same one twice",
            )
        sizes = {member.filename: member.file_size for member in members}
        if sizes["config.json"] > MAX_CONFIG_BYTES:
            raise too_long(path)
        if sizes["model.weights.h5"] > MAX_WEIGHTS_BYTES:
            raise too_heavy(path)
        if any(member.compress_type not in _PACKED for member in members):
            # Python unpacks the other kinds without a limit on memory.
            raise BadModel(
                "“{name}” is packed in an unusual way. Save the network with model.save(…) "
                "once more.",
                name=shown(path),
            )
        with archive.open("config.json") as member:
            text = member.read(MAX_CONFIG_BYTES + 1)  # what the header says may be a lie
        if len(text) > MAX_CONFIG_BYTES:
            raise too_long(path)
        config = _json(text, path)
        with archive.open("model.weights.h5") as member:
            weights = io.BytesIO(member.read(sizes["model.weights.h5"] + 1))
    with h5py.File(weights, "r") as file:
        check_weights(file, path)
    return config


def _of_h5(path: Path) -> dict:
    with path.open("rb") as stream:
        start = stream.read(8)
    try:
        with h5py.File(path, "r") as file:
            check_weights(file, path)
            text = file.attrs.get("model_config")
    except BadModel:
        raise
    except Exception:  # h5py lets through whatever goes wrong inside HDF5
        if start[:4] == b"PK\x03\x04" or start == b"\x89HDF\r\n\x1a\n":
            raise damaged(path) from None
        raise BadModel(
            "“{name}” is not a Keras model. Networks come as .keras files or as .h5 files.",
            name=shown(path),
        ) from None
    if text is None:
        raise BadModel(
            "“{name}” holds only weights, not the network they belong to. Save the whole network "
            "with model.save(…).",
            name=shown(path),
        )
    if not isinstance(text, str | bytes):
        raise damaged(path)
    if len(text) > MAX_CONFIG_BYTES:
        raise too_long(path)
    return _json(text, path)


def _json(text: str | bytes, path: Path) -> dict:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise damaged(path) from None
    if not isinstance(found, dict):
        raise damaged(path)
    return found


def _check_size(config: dict, path: Path) -> None:
    """Depth, number of values, and numbers that no network has."""
    waiting: list[tuple[object, int, str]] = [(config, 0, "")]
    values = 0
    while waiting:
        value, depth, key = waiting.pop()
        values += 1
        if depth > MAX_DEPTH or values > MAX_VALUES:
            raise too_long(path)
        if isinstance(value, dict):
            waiting += [(v, depth + 1, str(k)) for k, v in value.items()]
        elif isinstance(value, list):
            waiting += [(v, depth + 1, key) for v in value]
        elif isinstance(value, int) and abs(value) > _MAX_NUMBER and key not in _ANY_NUMBER:
            raise BadModel(
                "The description of the network in “{name}” says “{key}: {value}”; no network that "
                "can be opened here has such a size.",
                name=shown(path),
                key=key[:40],
                value=str(value)[:20],
            )


def _parts(value: object) -> Iterator[tuple[str | None, str, dict]]:
    """(module, class, description) of all parts named in a description."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            name = value.get("class_name")
            if isinstance(name, str):
                module = value.get("module")
                yield (module if isinstance(module, str) else None, name, value)
                registered = value.get("registered_name")
                if isinstance(registered, str) and ">" in registered:
                    yield ("somewhere else", registered.split(">")[-1], value)
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _check_input(part: dict, path: Path) -> None:
    config = part.get("config")
    if not isinstance(config, dict):
        return
    for key in ("batch_shape", "batch_input_shape"):
        shape = config.get(key)
        if isinstance(shape, list) and any(
            isinstance(side, int) and side > MAX_INPUT_SIDE for side in shape
        ):
            raise BadModel(
                "The network in “{name}” takes images of more than {limit} pixels a side; that is "
                "more than can be worked with here.",
                name=shown(path),
                limit=MAX_INPUT_SIDE,
            )


def _strange_names(parts: Iterable[dict]) -> Iterator[str]:
    """Names of functions and kinds of numbers that Keras would look up by text."""
    for part in parts:
        config = part.get("config")
        for key, value in config.items() if isinstance(config, dict) else ():
            if isinstance(value, str) and not is_known_name(key, value):
                yield value
            is_kind = part.get("class_name") in _ARRAYS and key == "dtype"
            # NumPy reads sizes out of such a name: “(30000,30000)f8” takes seven gigabytes.
            if is_kind and not (isinstance(value, str) and _NUMBERS.fullmatch(value)):
                yield str(value)


def _check_name(part: dict, path: Path) -> None:
    config = part.get("config")
    found = [part.get("name"), config.get("name") if isinstance(config, dict) else None]
    for name in found:
        if not isinstance(name, str):
            continue
        if len(name) > MAX_NAME:
            raise BadModel(
                "A layer in “{name}” has a name of {length} characters; up to {limit} can be "
                "shown.",
                name=shown(path),
                length=len(name),
                limit=MAX_NAME,
            )
        if any(unicodedata.category(c) in _HIDDEN and c not in _JOINERS for c in name):
            raise BadModel(
                "A layer in “{name}” has invisible characters in its name. Rename it, and save the "
                "network again.",
                name=shown(path),
            )
