"""Opening Keras files that somebody else may have made.

Nothing in a file is executed: ``safe_mode=True`` (Keras then refuses Lambda layers), no compiled
optimizer or loss, and only classes that Keras itself knows.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import keras

from cnnviz.errors import BadModel, NotFound
from cnnviz.models.one_output import one_output, outputs_to_choose
from cnnviz.models.precision import in_float32

MAX_FILE_BYTES = 1_000_000_000
MAX_CONFIG_BYTES = 20_000_000

_MODELS = ("Functional", "Model", "Sequential")


def open_keras_file(path: Path, output: str | int | None = None) -> keras.Model:
    """Open a Keras 3 ``.keras`` file or a legacy ``.h5`` file with a whole model.

    The kind is told by the content; the file's name does not matter.

    Args:
        path: of the file.
        output: the name or the number (from 0) of the output that tells the classes apart; needed
            where several might.

    Returns:
        A functional or sequential model with one input (n, h, w, 1 or 3), where h and w may be
        open (None), and one output (n, units), in float32. It is not compiled.

    Raises:
        NotFound: there is no such file.
        BadModel: not a model file, damaged, too large, with layers we must not or cannot load, not
            a classifier of images, or one with several outputs none of which was chosen.
    """
    return in_float32(one_output(whole_network(path), output, _name(Path(path))))


def whole_network(path: Path) -> keras.Model:
    """The network in a file with all its outputs and in its own precision; raises as above."""
    path = Path(path)
    if not path.is_file():
        raise NotFound("There is no file “{name}”.", name=_name(path))
    if path.stat().st_size > MAX_FILE_BYTES:
        raise BadModel(
            "“{name}” is larger than {limit} MB; such a network is too large to be opened here.",
            name=_name(path),
            limit=MAX_FILE_BYTES // 1_000_000,
        )
    zipped = zipfile.is_zipfile(path)
    config = _config_of_zip(path) if zipped else _config_of_h5(path)
    _check_classes(config, path)
    model = _load(path, ".keras" if zipped else ".h5")
    _check_form(model, path)
    return model


def _name(path: Path) -> str:
    return path.name[:60]


def _damaged(path: Path) -> BadModel:
    return BadModel(
        "“{name}” is damaged: it cannot be read to its end. Save or download it once more.",
        name=_name(path),
    )


def _config_of_zip(path: Path) -> dict:
    """The ``config.json`` of a ``.keras`` file."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
            if not {"config.json", "model.weights.h5"} <= set(sizes):
                raise BadModel(
                    "“{name}” is a zip file, but not a Keras model. Save the network with "
                    "model.save(…) as a .keras file.",
                    name=_name(path),
                )
            if sizes["config.json"] > MAX_CONFIG_BYTES:
                raise BadModel(
                    "The description of the network in “{name}” is far too long for a network.",
                    name=_name(path),
                )
            return json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError):
        raise _damaged(path) from None


def _config_of_h5(path: Path) -> dict:
    """The configuration inside a legacy HDF5 file, read without Keras."""
    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
    except OSError:
        with path.open("rb") as stream:
            start = stream.read(8)
        if start[:4] == b"PK\x03\x04" or start == b"\x89HDF\r\n\x1a\n":
            raise _damaged(path) from None
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
    try:
        return json.loads(text)
    except ValueError:
        raise _damaged(path) from None


def _check_classes(config: dict, path: Path) -> None:
    """Refuse code inside the file, and name the layers that Keras does not know."""
    parts = list(_objects(config))
    if any(part["class_name"] == "Lambda" for part in parts):
        raise BadModel(
            "“{name}” holds a Lambda layer: program code of its own, which is not run here. "
            "Replace it by a layer of Keras, such as Rescaling, and save the network again.",
            name=_name(path),
        )
    unknown = {str(part["class_name"])[:40] for part in parts if not _known(part)}
    if unknown:
        raise BadModel(
            "“{name}” is made of parts that Keras does not have: {parts}. Only networks made of "
            "Keras's own layers can be opened.",
            name=_name(path),
            parts=", ".join(sorted(unknown)[:5]),
        )


def _objects(value: object) -> Iterator[dict]:
    """All serialised objects inside a configuration, layers without a module marked as such."""
    if isinstance(value, dict):
        if isinstance(value.get("class_name"), str) and "config" in value:
            yield value
        for key, inner in value.items():
            if key == "layers" and isinstance(inner, list):
                inner = [{"module": None, **x} if isinstance(x, dict) else x for x in inner]
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def _known(part: dict) -> bool:
    if "module" not in part:  # an initialiser or the like of an old file; Keras looks it up
        return True
    if part["module"] is None:  # an old file, or a class its author registered
        return part["class_name"] in _MODELS or hasattr(keras.layers, part["class_name"])
    module = str(part["module"]).split(".")[0]
    return module in ("keras", "builtins") and part["class_name"] != "function"


def _load(path: Path, suffix: str) -> keras.Model:
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"model{suffix}"  # Keras goes by the name
        link.symlink_to(path.resolve())
        try:
            return keras.saving.load_model(link, compile=False, safe_mode=True)
        except MemoryError:
            raise BadModel(
                "The network in “{name}” needs more memory than there is.", name=_name(path)
            ) from None
        except Exception as error:  # Keras lets through whatever its layers raise
            raise BadModel(
                "Keras cannot open “{name}”. It says: {reason}",
                name=_name(path),
                reason=_first_sentence(error),
            ) from error


def _first_sentence(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:160]


def _check_form(model: keras.Model, path: Path) -> None:
    """Raise BadModel unless the model is a classifier of single images."""
    if not isinstance(model, keras.Model) or not getattr(model, "outputs", None):
        raise BadModel(
            "The network in “{name}” cannot be taken apart. Sequential and functional Keras "
            "networks can be opened.",
            name=_name(path),
        )
    if len(model.inputs) != 1:
        raise BadModel(
            "The network in “{name}” has {inputs} inputs. Networks with one image as input can be "
            "opened.",
            name=_name(path),
            inputs=len(model.inputs),
        )
    shape = model.inputs[0].shape
    channels_first = len(shape) == 4 and shape[-1] not in (1, 3) and shape[1] in (1, 3)
    if channels_first or any(_channels_first(layer) for layer in _all_layers(model)):
        raise BadModel(
            "The network in “{name}” takes the channels of an image before its height and width "
            "(channels_first). Networks with the channels last can be opened: build it again with "
            "data_format “channels_last”.",
            name=_name(path),
        )
    if len(shape) != 4 or shape[-1] not in (1, 3):
        raise BadModel(
            "The network in “{name}” does not take images as input (height, width, 1 or 3 "
            "channels), but {shape}.",
            name=_name(path),
            shape=" × ".join("?" if side is None else str(side) for side in shape[1:]),
        )
    if not outputs_to_choose(model):
        raise BadModel(
            "The network in “{name}” does not answer with one number a class, so it is not a "
            "classifier.",
            name=_name(path),
        )


def _all_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)


def _channels_first(layer: keras.layers.Layer) -> bool:
    # Flatten only puts numbers in another order: there it changes nothing that matters here.
    return getattr(layer, "data_format", "") == "channels_first" and not isinstance(
        layer, keras.layers.Flatten
    )
