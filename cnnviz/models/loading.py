"""Opening Keras files that somebody else may have made.

Nothing in a file is executed: it is looked at first (:mod:`cnnviz.models.vetting`), then opened
with ``safe_mode=True`` (Keras then refuses Lambda layers) and without optimizer or loss. Files that
came over the network are opened in a process of their own (:mod:`cnnviz.models.sandbox`).
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import keras

from cnnviz.errors import BadModel, NotFound
from cnnviz.models.layer_names import carry_names
from cnnviz.models.one_output import one_output, outputs_to_choose
from cnnviz.models.precision import in_float32
from cnnviz.models.vetting import vet


def open_keras_file(
    path: Path, output: str | int | None = None, *, vetted: bool = False, trusted: bool = False
) -> keras.Model:
    """Open a Keras 3 ``.keras`` file or a legacy ``.h5`` file with a whole model.

    The kind is told by the content; the file's name does not matter.

    Args:
        path: of the file.
        output: the name or the number (from 0) of the output that tells the classes apart; needed
            where several might.
        vetted: the file is one that we saved ourselves.
        trusted: the owner vouches for the file: what it brings in code is run. Never set this for a
            file that came over the network.

    Returns:
        A functional or sequential model with one input (n, h, w, 1 or 3), where h and w may be
        open (None), and one output (n, units), in float32. It is not compiled.

    Raises:
        NotFound: there is no such file.
        BadModel: not a model file, damaged, too large, with layers we must not or cannot load, not
            a classifier of images, or one with several outputs none of which was chosen.
    """
    network = whole_network(path, vetted=vetted, trusted=trusted)
    return in_float32(one_output(network, output, _name(Path(path))))


def whole_network(path: Path, *, vetted: bool = False, trusted: bool = False) -> keras.Model:
    """The network in a file with all its outputs and in its own precision; raises as above."""
    path = Path(path)
    if not path.is_file():
        raise NotFound("There is no file “{name}”.", name=_name(path))
    if not vetted and not trusted:
        vet(path)
    model = _load(path, ".keras" if zipfile.is_zipfile(path) else ".h5", safe_mode=not trusted)
    _check_form(model, path)
    carry_names(model)
    return model


def _name(path: Path) -> str:
    return path.name[:60]


def _load(path: Path, suffix: str, safe_mode: bool) -> keras.Model:
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"model{suffix}"  # Keras goes by the name
        link.symlink_to(path.resolve())
        try:
            return keras.saving.load_model(link, compile=False, safe_mode=safe_mode)
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
