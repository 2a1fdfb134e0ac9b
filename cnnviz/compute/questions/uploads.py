"""Questions about a model file that somebody brought: what it says, how it answers when the rest
is assumed, and keeping it with that built in."""

from __future__ import annotations

import functools
from pathlib import Path

import keras

from cnnviz import images as pictures
from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.compute.questions.answers import classes_of
from cnnviz.compute.upload_choices import (
    CHANNEL_ORDERS,
    EVERYDAY_SIDE,
    FITS,
    POLARITIES,
    SCALINGS,
)
from cnnviz.errors import BadInput
from cnnviz.models.loading import open_keras_file, whole_network
from cnnviz.models.model import Model, save_model
from cnnviz.models.one_output import outputs_to_choose
from cnnviz.models.outputs import find_ending
from cnnviz.models.structure import describe_layers, make_card
from cnnviz.models.uploaded import opened_copy
from cnnviz.texts import N_

CHECKING = N_("Opening the file where it can do no harm")

# Of ImageNet's photos, red, green, blue, on the scale 0 to 255: torchvision's and Caffe's numbers.
_MEAN = (123.675, 116.28, 103.53)
_SPREAD = (58.395, 57.12, 57.375)
_CAFFE_MEAN = (123.68, 116.779, 103.939)

_SCALING_KINDS = ("Rescaling", "Normalization")
_MOST_CLASSES = 10_000
_MOST_PREVIEWS = 12


def inspect_upload(context: Context, upload: str, output: str | None) -> dict:
    """What the file itself says about the network, and what suits it probably.

    ``outputs`` are the names of those that could be the answer. Of several the first is described
    where ``output`` names none; ``output`` in the answer says which.
    """
    outputs = list(outputs_to_choose(whole_network(_copy_of(context, upload), vetted=True)))
    if output is None and len(outputs) > 1:
        output = outputs[0]
    network = _open(context, upload, output)
    ending = find_ending(network)
    layers = describe_layers(network)
    early = [x.kind for x in layers[:6]]
    scales = any(kind in _SCALING_KINDS for kind in early)
    return {
        "outputs": outputs,
        "output": output,
        "input_shape": list(network.inputs[0].shape[1:]),
        "classes": ending.classes,
        "units": ending.units,
        "output_activation": ending.kind,
        "layers": len(layers),
        "parameters": int(network.count_params()),
        "has_rescaling": scales,
        "suggested_scaling": "none" if scales else "zero_one",
        "suggested_polarity": "light_on_dark" if _like_mnist(network, ending.classes) else "any",
    }


def preview_upload(
    context: Context,
    upload: str,
    images: list[str],
    output: str | None,
    scaling: str,
    channels_order: str,
    size: int | None,
    fit: str,
    polarity: str,
    top: int,
) -> dict:
    """What the network answers for a few images under these assumptions.

    ``names`` of classes are their numbers: nobody has named them yet.
    """
    if not isinstance(images, list) or not 1 <= len(images) <= _MOST_PREVIEWS:
        raise BadInput("Choose 1 to {most} images for the preview.", most=_MOST_PREVIEWS)
    top = checking.number(top, "top", 1, 20)
    checking.choice(fit, "fit", tuple(FITS))
    checking.choice(polarity, "polarity", tuple(POLARITIES))
    network = _open(context, upload, output)
    names = [str(i) for i in range(find_ending(network).classes)]
    wrapped = with_preprocessing(network, scaling, channels_order, size)
    model = Model(wrapped, make_card(wrapped, "preview", names, fit=fit, polarity=polarity))
    shares = model.predict([checking.image(reference) for reference in images])
    return {"answers": [classes_of(row, model.card, top)["classes"] for row in shares]}


def keep_upload(
    context: Context,
    upload: str,
    title: str,
    class_names: list[str],
    output: str | None,
    scaling: str,
    channels_order: str,
    size: int | None,
    fit: str,
    polarity: str,
    owner: str,
) -> dict:
    """Keep the network as a model of one's own, with the preprocessing inside; its reference."""
    title = checking.text(title, "title", 80).strip()
    checking.choice(fit, "fit", tuple(FITS))
    checking.choice(polarity, "polarity", tuple(POLARITIES))
    if not isinstance(class_names, list) or not 1 <= len(class_names) <= _MOST_CLASSES:
        raise BadInput("The class names are a list, one name for each class.")
    names = [checking.text(name, "class_names", 100).strip() for name in class_names]
    if not title or not all(names):
        raise BadInput("The model and each of its classes need a name.")
    if len(set(names)) < len(names):
        raise BadInput("Two classes have the same name; each needs one of its own.")
    network = with_preprocessing(_open(context, upload, output), scaling, channels_order, size)
    card = make_card(network, title, names, fit=fit, polarity=polarity)
    pictures.check_fit(card.input_shape[:2], fit)
    return {"reference": save_model(Model(network, card), checking.text(owner, "owner"))}


def with_preprocessing(
    network: keras.Model, scaling: str, channels_order: str, size: int | None = None
) -> keras.Model:
    """A network that takes raw RGB pixels from 0 to 255, made of one that wants something else.

    Args:
        network: takes (n, h, w, 1 or 3), scaled as ``scaling`` says.
        scaling: a key of ``SCALINGS``; with ``caffe`` and ``imagenet`` a grey network gets the mean
            over the three colours.
        channels_order: a key of ``CHANNEL_ORDERS``; without meaning for grey images.
        size: the side of the input where the network leaves it open; 224 when None.
    """
    checking.choice(scaling, "scaling", tuple(SCALINGS))
    checking.choice(channels_order, "channels_order", tuple(CHANNEL_ORDERS))
    size = checking.optional_number(size, "size", 16, 512) or EVERYDAY_SIDE
    height, width, channels = network.inputs[0].shape[1:]
    swapped = channels_order == "bgr" and channels == 3
    if scaling == "none" and not swapped and None not in (height, width):
        return network
    pixels = keras.Input((height or size, width or size, channels), name="pixels")
    values = pixels
    for layer in _scaling_layers(scaling, channels):
        values = layer(values)
    if swapped:
        values = keras.ops.flip(values, axis=-1)
    try:
        return keras.Model(pixels, network(values), name="with_preprocessing")
    except (ValueError, TypeError):
        raise BadInput(
            "The network cannot work with images of {height}×{width} pixels. Choose another size.",
            height=int(height or size),
            width=int(width or size),
        ) from None


def _scaling_layers(scaling: str, channels: int) -> list[keras.layers.Layer]:
    def per_channel(values: tuple[float, ...]) -> list[float]:
        return list(values) if channels == 3 else [sum(values) / 3]

    if scaling == "zero_one":
        return [keras.layers.Rescaling(1 / 255, name="scaling")]
    if scaling == "minus_one_one":
        return [keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scaling")]
    if scaling == "imagenet":
        variance = [s**2 for s in per_channel(_SPREAD)]
        mean = per_channel(_MEAN)
        return [keras.layers.Normalization(mean=mean, variance=variance, name="scaling")]
    if scaling == "caffe":
        mean = per_channel(_CAFFE_MEAN)
        ones = [1.0] * channels
        return [keras.layers.Normalization(mean=mean, variance=ones, name="scaling")]
    return []


def _like_mnist(network: keras.Model, classes: int) -> bool:
    return tuple(network.inputs[0].shape[1:]) == (28, 28, 1) and classes == 10


def _copy_of(context: Context, upload: str) -> Path:
    """Our own copy of the network in the uploaded file; the file itself is opened elsewhere."""
    identifier = checking.text(upload, "upload", 60).removeprefix("upload:")
    context.report(0.0, CHECKING)
    return opened_copy(identifier, context.check_cancelled)


def _open(context: Context, upload: str, output: str | None) -> keras.Model:
    path = _copy_of(context, upload)
    if output is not None:
        checking.text(output, "output", 200)
    return _opened(path, path.stat().st_mtime_ns, output)


@functools.lru_cache(maxsize=2)
def _opened(path: Path, changed: int, output: str | None) -> keras.Model:
    """The network in a file; asked for again and again while people try their answers."""
    return open_keras_file(path, output, vetted=True)
