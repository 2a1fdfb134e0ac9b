"""One streaming pass over a data set: answers and features of every image, seen once."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Sequence
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
from cnnviz.inference.pooling import pooled
from cnnviz.models.batching import images_at_once
from cnnviz.models.model import Model
from cnnviz.texts import N_

LOOKING = N_("Looking at the images")

Report = Callable[[float, str], None]


@dataclass(frozen=True)
class Pass:
    """What a network made of n images.

    ``probabilities`` is (n, classes) float32. ``features`` has (n, d) for each wanted layer, see
    :func:`cnnviz.inference.pooling.pooled`.
    """

    probabilities: np.ndarray
    features: dict[str, np.ndarray]


def run_pass(
    model: Model,
    dataset: Dataset,
    layers: Sequence[str] = (),
    batch_size: int | None = None,
    pooling: str = "mean",
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Pass:
    """Show every image of a data set to a network, a batch at a time.

    Args:
        model: the network.
        dataset: images of any size.
        layers: layers whose features are wanted.
        batch_size: images at once; see :func:`images_at_once` when None.
        pooling: ``mean`` over positions, or ``flat``.
        report: called with the fraction done and a text after every batch.
        check_cancelled: called before every batch; ends the pass by raising.

    Raises:
        NotFound: there is no such layer.
        BadInput: the data set is empty.
    """
    if len(dataset) == 0:
        raise BadInput("The data set has no images.")
    parts = list(
        batches(
            model,
            dataset.images,
            np.arange(len(dataset)),
            layers,
            batch_size,
            pooling,
            report,
            check_cancelled,
        )
    )
    return Pass(
        np.concatenate([p.probabilities for _, p in parts]),
        {name: np.concatenate([p.features[name] for _, p in parts]) for name in layers},
    )


def batches(
    model: Model,
    images: np.ndarray,
    rows: np.ndarray,
    layers: Sequence[str] = (),
    batch_size: int | None = None,
    pooling: str = "mean",
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Iterator[tuple[np.ndarray, Pass]]:
    """The images at ``rows`` (n,) of ``images``, shown to a network in pieces.

    Yields the rows of a batch and what the network made of it. No more than a batch of images is
    ever in memory, so ``images`` may be a file mapped into it. Arguments and errors are those of
    :func:`run_pass`.
    """
    look = _looker(model, tuple(layers), pooling)
    if batch_size is None:
        batch_size = images_at_once(model.card)
    for start in range(0, len(rows), batch_size):
        if check_cancelled is not None:
            check_cancelled()
        part = rows[start : start + batch_size]
        prepared = as_batch(model.keras_model, model.prepare(images[part]))
        answers, seen = look(prepared)
        _let_go(images)
        yield part, Pass(answers.numpy(), {name: x.numpy() for name, x in seen.items()})
        if report is not None:
            report(min(1.0, (start + batch_size) / len(rows)), LOOKING)


def _let_go(images: np.ndarray) -> None:
    """Images of a file that was mapped into memory: what has been read need not stay there.

    The pages are in the system's cache all the same; but counted to this process, a large data set
    would look like a leak, and in a container it would be one.
    """
    mapped = getattr(images, "_mmap", None)
    if mapped is not None and images.mode != "c" and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def _looker(model: Model, names: tuple[str, ...], pooling: str) -> Callable:
    network = model.keras_model
    for name in names:
        find_layer(network, name)

    def build() -> Callable:
        def run(images: tf.Tensor) -> tuple:
            seen = run_through(network, images, names)
            return seen.probabilities, {k: pooled(v, pooling) for k, v in seen.outputs.items()}

        return tf.function(run, input_signature=[image_signature(network)], autograph=False)

    return compiled(network, ("pooled", names, pooling), build)
