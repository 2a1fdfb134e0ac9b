"""Looking at a Keras file that a stranger made, before Keras does.

Nothing is built and nothing of the file is believed: which members it has and how large they would
become, how deep and long its description is, which parts it names, what its weights file refers to,
and how much memory the network would take.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py

from cnnviz.errors import BadModel
from cnnviz.models.allowed import is_allowed

MAX_FILE_BYTES = 1_000_000_000
MAX_CONFIG_BYTES = 8_000_000
MAX_WEIGHTS_BYTES = 1_000_000_000
MAX_DEPTH = 120  # of the description; a network inside a network adds about five
MAX_VALUES = 1_000_000
MAX_PARAMETERS = 250_000_000
MAX_INPUT_SIDE = 4096  # pixels
_MAX_NUMBER = 10_000_000
_MAX_OBJECTS = 50_000  # groups and arrays of a weights file
_MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
_NEVER_BUILT = ("compile_config", "training_config")  # optimizer and losses: not loaded here
_ANY_NUMBER = ("seed", "shared_object_id")  # where a large one means nothing
_PLAIN = "fiub"  # kinds of numbers that weights are made of


def vet(path: Path) -> dict:
    """The description of the network in a ``.keras`` or ``.h5`` file that may be opened.

    Raises:
        BadModel: with a sentence that says why it may not.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise BadModel(
            "“{name}” is larger than {limit} MB; such a network is too large to be opened here.",
            name=_name(path),
            limit=MAX_FILE_BYTES // 1_000_000,
        )
    config = _of_zip(path) if zipfile.is_zipfile(path) else _of_h5(path)
    check_description(config, path)
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
            name=_name(path),
        )
    refused = {name for module, name, _ in parts if not is_allowed(module, name)}
    if refused:
        raise BadModel(
            "“{name}” is made of parts that are not opened here: {parts}. Only Keras's own layers "
            "can be opened, and of those only what neither runs code nor reads files.",
            name=_name(path),
            parts=", ".join(sorted(f"{name[:40]}" for name in refused)[:5]),
        )
    for _, _, part in parts:
        _check_input(part, path)
    estimated = sum(_parameters(part) for _, _, part in parts)
    if estimated > MAX_PARAMETERS:
        raise BadModel(
            "The network in “{name}” would have about {count} million parameters; at most {limit} "
            "million can be opened here.",
            name=_name(path),
            count=f"{min(estimated // 1_000_000, 10**12):,}",
            limit=MAX_PARAMETERS // 1_000_000,
        )


def damaged(path: Path) -> BadModel:
    """The error for a file that breaks off or contradicts itself."""
    return BadModel(
        "“{name}” is damaged: it cannot be read to its end. Save or download it once more.",
        name=_name(path),
    )


def _name(path: Path) -> str:
    return path.name[:60]


def _of_zip(path: Path) -> dict:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            if not {"config.json", "model.weights.h5"} <= set(names):
                raise BadModel(
                    "“{name}” is a zip file, but not a Keras model. Save the network with "
                    "model.save(…) as a .keras file.",
                    name=_name(path),
                )
            if set(names) - _MEMBERS or len(names) > len(set(names)):
                raise BadModel(
                    "“{name}” holds files that do not belong into a network: {files}. Networks "
                    "that bring files of their own are not opened here.",
                    name=_name(path),
                    files=", ".join(sorted(ascii(n)[1:-1][:40] for n in set(names) - _MEMBERS)[:3])
                    or "the same one twice",
                )
            sizes = {member.filename: member.file_size for member in members}
            if sizes["config.json"] > MAX_CONFIG_BYTES:
                raise _too_long(path)
            if sizes["model.weights.h5"] > MAX_WEIGHTS_BYTES:
                raise BadModel(
                    "The weights in “{name}” would take more than {limit} MB once unpacked; such a "
                    "network is too large to be opened here.",
                    name=_name(path),
                    limit=MAX_WEIGHTS_BYTES // 1_000_000,
                )
            with archive.open("config.json") as member:
                text = member.read(MAX_CONFIG_BYTES + 1)  # what the header says may be a lie
            if len(text) > MAX_CONFIG_BYTES:
                raise _too_long(path)
            config = _json(text, path)
            with archive.open("model.weights.h5") as member:
                weights = io.BytesIO(member.read(sizes["model.weights.h5"] + 1))
        with h5py.File(weights, "r") as file:
            _check_weights(file, path)
        return config
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise damaged(path) from None


def _of_h5(path: Path) -> dict:
    with path.open("rb") as stream:
        start = stream.read(8)
    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
            _check_weights(file, path)
    except (OSError, RuntimeError, KeyError, ValueError):
        if start[:4] == b"PK\x03\x04" or start == b"\x89HDF\r\n\x1a\n":
            raise damaged(path) from None
        raise BadModel(
            "“{name}” is not a Keras model. Networks come as .keras files or as .h5 files.",
            name=_name(path),
        ) from None
    if text is None:
        raise BadModel(
            "“{name}” holds only weights, not the network they belong to. Save the whole network "
            "with model.save(…).",
            name=_name(path),
        )
    if len(text) > MAX_CONFIG_BYTES:
        raise _too_long(path)
    return _json(text, path)


def _json(text: str | bytes, path: Path) -> dict:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise damaged(path) from None
    if not isinstance(found, dict):
        raise damaged(path)
    return found


def _too_long(path: Path) -> BadModel:
    return BadModel(
        "The description of the network in “{name}” is far too long for a network.",
        name=_name(path),
    )


def _check_size(config: dict, path: Path) -> None:
    """Depth, number of values, and numbers that no network has."""
    waiting: list[tuple[object, int, str]] = [(config, 0, "")]
    values = 0
    while waiting:
        value, depth, key = waiting.pop()
        values += 1
        if depth > MAX_DEPTH or values > MAX_VALUES:
            raise _too_long(path)
        if isinstance(value, dict):
            waiting += [(v, depth + 1, str(k)) for k, v in value.items()]
        elif isinstance(value, list):
            waiting += [(v, depth + 1, key) for v in value]
        elif isinstance(value, int) and abs(value) > _MAX_NUMBER and key not in _ANY_NUMBER:
            raise BadModel(
                "The description of the network in “{name}” says “{key}: {value}”; no network that "
                "can be opened here has such a size.",
                name=_name(path),
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
                name=_name(path),
                limit=MAX_INPUT_SIDE,
            )


def _parameters(part: dict) -> int:
    """About how many parameters a layer would have, by its own description; 0 if that is unsaid."""
    config, built = part.get("config"), part.get("build_config")
    if not isinstance(config, dict):
        return 0
    shape = built.get("input_shape") if isinstance(built, dict) else None
    before = shape[-1] if isinstance(shape, list) and shape else 1
    before = before if isinstance(before, int) else 1

    def size(key: str) -> int:
        value = config.get(key)
        values = value if isinstance(value, list) else [value]
        product = 1
        for v in values:
            product *= abs(v) if isinstance(v, int) and not isinstance(v, bool) else 1
        return product

    if part.get("class_name") == "Embedding":
        return size("input_dim") * size("output_dim")
    after = size("units") * size("filters") * size("depth_multiplier")
    known = any(key in config for key in ("units", "filters", "depth_multiplier"))
    return before * after * size("kernel_size") if known else 0


def _check_weights(file: h5py.File, path: Path) -> None:
    """Raise BadModel where a weights file refers to other files, or is larger than it looks."""
    objects, size = 0, 0
    waiting: list[h5py.Group] = [file]
    seen = set()
    while waiting:
        group = waiting.pop()
        for name in group:
            objects += 1
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise BadModel(
                    "The weights in “{name}” lie in another file, which is not read here. Save the "
                    "network with model.save(…).",
                    name=_name(path),
                )
            found = group.get(name)
            if isinstance(found, h5py.Group):
                if found.id in seen or objects > _MAX_OBJECTS:
                    raise damaged(path)
                seen.add(found.id)
                waiting.append(found)
            elif isinstance(found, h5py.Dataset):
                size += _stored(found, path)
            if size > MAX_WEIGHTS_BYTES:
                raise BadModel(
                    "The weights in “{name}” would take more than {limit} MB once unpacked; such a "
                    "network is too large to be opened here.",
                    name=_name(path),
                    limit=MAX_WEIGHTS_BYTES // 1_000_000,
                )


def _stored(array: h5py.Dataset, path: Path) -> int:
    if array.external or array.is_virtual:
        raise BadModel(
            "The weights in “{name}” lie in another file, which is not read here. Save the "
            "network with model.save(…).",
            name=_name(path),
        )
    # Text is how Keras 2 notes names, and how mixed kinds are kept: short or not at all.
    if array.dtype.kind not in _PLAIN and array.size > 10_000:
        raise damaged(path)
    return int(array.size) * max(array.dtype.itemsize, 1)
