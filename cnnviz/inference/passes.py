"""One streaming pass over a data set: answers and features of every image, seen once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput
from cnnviz.inference.layers import (
    as_batch,
    compiled,
    find_layer,
    image_signature,
    run_through,
)
from cnnviz.models.model import Model
from cnnviz.texts import N_

LOOKING = N_("Looking at the images")
_VALUES_PER_BATCH = 32 * 224 * 224 * 3  # input values in memory at once

Report = Callable[[float, str], None]


@dataclass(frozen=True)
class Pass:
    """What a network made of a data set.

    ``probabilities`` is (n, classes) float32. ``features`` has (n, d) float32 for each wanted
    layer; of a layer with positions it is the mean over them.
    """

    probabilities: np.ndarray
    features: dict[str, np.ndarray]


def run_pass(
    model: Model,
    dataset: Dataset,
    layers: Sequence[str] = (),
    batch_size: int | None = None,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Pass:
    """Show every image of a data set to a network, a batch at a time.

    Args:
        model: the network.
        dataset: images of any size.
        layers: layers whose features are wanted.
        batch_size: images at once; chosen from the size of the input when None.
        report: called with the fraction done and a text after every batch.
        check_cancelled: called before every batch; ends the pass by raising.

    Raises:
        NotFound: there is no such layer.
        BadInput: the data set is empty.
    """
    if len(dataset) == 0:
        raise BadInput("The data set has no images.")
    look = _pooled(model, tuple(layers))
    if batch_size is None:
        batch_size = max(1, min(256, _VALUES_PER_BATCH // int(np.prod(model.card.input_shape))))
    probabilities, features = [], {name: [] for name in layers}
    for start in range(0, len(dataset), batch_size):
        if check_cancelled is not None:
            check_cancelled()
        batch = model.prepare(dataset.images[start : start + batch_size])
        answers, seen = look(as_batch(model.keras_model, batch))
        probabilities.append(answers.numpy())
        for name, values in seen.items():
            features[name].append(values.numpy())
        if report is not None:
            report(min(1.0, (start + batch_size) / len(dataset)), LOOKING)
    return Pass(np.concatenate(probabilities), {k: np.concatenate(v) for k, v in features.items()})


def _pooled(model: Model, names: tuple[str, ...]) -> Callable:
    network = model.keras_model
    for name in names:
        find_layer(network, name)

    def pool(output: tf.Tensor) -> tf.Tensor:
        output = tf.cast(output, tf.float32)
        positions = range(1, len(output.shape) - 1)
        return tf.reduce_mean(output, axis=list(positions)) if positions else output

    def build() -> Callable:
        def run(images: tf.Tensor) -> tuple:
            seen = run_through(network, images, names)
            return seen.probabilities, {k: pool(v) for k, v in seen.outputs.items()}

        return tf.function(run, input_signature=[image_signature(network)], autograph=False)

    return compiled(network, ("pooled", names), build)
