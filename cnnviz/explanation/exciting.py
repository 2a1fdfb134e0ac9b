"""The images of a data set that excite a channel most, and where in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput
from cnnviz.explanation.filters import checked_channels
from cnnviz.inference.layers import as_batch, compiled, image_signature, output_shape, run_through
from cnnviz.inference.passes import LOOKING, Report
from cnnviz.models.model import Model, load_model

_VALUES_PER_BATCH = 32 * 224 * 224 * 3  # input values in memory at once


@dataclass(frozen=True)
class Exciting:
    """For k channels their most exciting images, strongest first.

    ``indices`` (k, count) are places in the data set, ``values`` (k, count) float32 the channel's
    largest response in each image, ``positions`` (k, count, 2) the row and column of the layer's
    map where it is; 0, 0 for a layer without positions.
    """

    indices: np.ndarray
    values: np.ndarray
    positions: np.ndarray


def most_exciting(
    model: Model | str,
    dataset: Dataset,
    layer: str,
    channels: Sequence[int] | None = None,
    count: int = 9,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Exciting:
    """Look for the images with the largest single response of each channel.

    Args:
        model: a model, its name or its reference.
        dataset: images of any size.
        layer: a layer with maps, or a dense one.
        channels: which; all when None.
        count: images a channel; fewer when the data set is smaller.
        report: called with the fraction done and a text after every batch.
        check_cancelled: called before every batch; ends the search by raising.

    Raises:
        NotFound: there is no such layer.
        BadInput: no such channel, an empty data set, or a count below one.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    if len(dataset) == 0:
        raise BadInput("The data set has no images.")
    if count < 1:
        raise BadInput("The number of images must be at least 1, not {count}.", count=count)
    wanted = checked_channels(channels, output_shape(model.keras_model, layer)[-1])
    strongest = _strongest(model, layer)
    size = max(1, min(256, _VALUES_PER_BATCH // int(np.prod(model.card.input_shape))))
    values, places = [], []
    for start in range(0, len(dataset), size):
        if check_cancelled is not None:
            check_cancelled()
        batch = as_batch(model.keras_model, model.prepare(dataset.images[start : start + size]))
        found = strongest(batch, wanted)
        values.append(found[0].numpy())
        places.append(found[1].numpy())
        if report is not None:
            report(min(1.0, (start + size) / len(dataset)), LOOKING)
    values, places = np.concatenate(values).T, np.concatenate(places, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    return Exciting(
        indices=order,
        values=np.take_along_axis(values, order, axis=1),
        positions=np.stack([np.take_along_axis(x.T, order, axis=1) for x in places], axis=-1),
    )


def _strongest(model: Model, layer: str) -> Callable:
    """Compiled: (images, channels) → values (n, k) and places (2: row and column, n, k)."""
    network = model.keras_model

    def run(images: tf.Tensor, channels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        output = run_through(network, images, [layer], stop=True).outputs[layer]
        output = tf.gather(tf.cast(output, tf.float32), channels, axis=-1)
        width = tf.shape(output)[2] if len(output.shape) == 4 else 1
        flat = tf.reshape(output, (tf.shape(output)[0], -1, tf.shape(channels)[0]))
        place = tf.argmax(flat, axis=1, output_type=tf.int32)
        return tf.reduce_max(flat, axis=1), tf.stack([place // width, place % width])

    def build() -> Callable:
        signature = [image_signature(network), tf.TensorSpec((None,), tf.int32)]
        return tf.function(run, input_signature=signature, autograph=False)

    return compiled(network, ("exciting", layer), build)
