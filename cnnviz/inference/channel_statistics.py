"""What each channel of a layer does over a whole data set, from one pass with bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput
from cnnviz.inference.layers import as_batch, compiled, find_layer, image_signature, run_through
from cnnviz.inference.passes import LOOKING, Report
from cnnviz.inference.spreads import Spread, StreamingSpread
from cnnviz.models.batching import images_at_once
from cnnviz.models.model import Model, load_model

MOST_COMPARED = 2048  # channels: of more, no table of all pairs is kept
MOST_GROUPS = 20  # classes that a histogram tells apart
TOP = 9


@dataclass(frozen=True)
class ChannelStatistics:
    """Statistics of the c channels of a layer over n images with k classes; float64.

    ``mean``, ``std``, ``maximum`` (c,): over all images and positions. ``dead_share`` (c,): the
    share of images in which no position of the channel is positive. ``sparsity`` (c,): the share of
    all values that are not positive. ``class_means`` (c, k): the mean over the images of each
    class; NaN for a class without images; ``class_counts`` (k,) says how many there are.

    ``selectivity`` (c,): the class selectivity index (μmax − μ−max) / (μmax + μ−max) of Morcos et
    al. (arXiv 1803.06959), from 0, the same for all classes, to 1, one class only. μ are means of
    the positive part: the paper measures after the ReLU, and the index needs numbers ≥ 0. μ−max is
    the mean of the other classes' means.

    ``maxima``: how the largest response in an image spreads, over the images with a positive one;
    ``means``: how the mean in an image spreads; by class where there are at most ``MOST_GROUPS``.

    ``similarity`` (c, c): cosine between the channels' profiles (the mean in each image) after
    their means are taken away, that is Pearson's correlation; 0 where a profile does not vary. None
    for more than ``MOST_COMPARED`` channels.

    ``top_indices``, ``top_values`` (c, t): the images with the largest response, strongest first;
    ``top_positions`` (c, t, 2): row and column of it; 0, 0 in a layer without positions.
    """

    layer: str
    images: int
    class_names: tuple[str, ...]
    class_counts: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    maximum: np.ndarray
    dead_share: np.ndarray
    sparsity: np.ndarray
    selectivity: np.ndarray
    class_means: np.ndarray
    maxima: Spread
    means: Spread
    similarity: np.ndarray | None
    top_indices: np.ndarray
    top_values: np.ndarray
    top_positions: np.ndarray

    @property
    def dead(self) -> np.ndarray:
        """(c,) bool: channels that no image makes positive anywhere."""
        return self.dead_share >= 1

    def neighbours(self, count: int = 6) -> tuple[np.ndarray, np.ndarray]:
        """(c, count) the channels with the most similar profiles, and how similar they are."""
        return most_similar(self.similarity, count)


def channel_statistics(
    model: Model | str,
    dataset: Dataset,
    layer: str,
    *,
    batch_size: int | None = None,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> ChannelStatistics:
    """Show every image of a data set to a network once, and keep book of a layer's channels.

    Args:
        model: a model, its name or its reference.
        dataset: images of any size; its classes need not be the model's.
        layer: a layer with maps, or a dense one, whose units are then the channels.
        batch_size: images at once; chosen from the size of the input when None.
        report: called with the fraction done and a text after every batch.
        check_cancelled: called before every batch; ends the pass by raising.

    Raises:
        NotFound: there is no such layer.
        BadInput: the data set is empty.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    find_layer(model.keras_model, layer)
    if len(dataset) == 0:
        raise BadInput("The data set has no images.")
    look = _summaries(model, layer)
    if batch_size is None:
        batch_size = images_at_once(model.card, share=0.5)
    book = None
    for start in range(0, len(dataset), batch_size):
        if check_cancelled is not None:
            check_cancelled()
        part = slice(start, start + batch_size)
        batch = as_batch(model.keras_model, model.prepare(dataset.images[part]))
        found = _Summary(*(np.asarray(x) for x in look(batch)))
        book = book or _Book(found.mean.shape[1], len(dataset.class_names))
        book.add(found, np.asarray(dataset.labels[part], np.int64))
        if report is not None:
            report(min(1.0, (start + batch_size) / len(dataset)), LOOKING)
    return book.close(layer, dataset)


def most_similar(similarity: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(c, count) the largest entries of each row of a (c, c) table, the diagonal left out."""
    others = np.array(similarity, np.float64)
    np.fill_diagonal(others, -np.inf)
    count = min(count, len(others) - 1)
    order = np.argsort(-others, axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(others, order, axis=1)


def selectivity_index(class_means: np.ndarray) -> np.ndarray:
    """(c,) from (c, k) mean activities ≥ 0, NaN for classes without images; 0 for silent channels.

    Morcos, Barrett, Rabinowitz, Botvinick: On the importance of single directions for
    generalization (arXiv 1803.06959).
    """
    there = ~np.isnan(class_means).all(axis=0)
    means = class_means[:, there]
    if means.shape[1] < 2:  # with one class there is nothing to be selective about
        return np.zeros(len(means))
    largest = means.max(axis=1)
    others = (means.sum(axis=1) - largest) / (means.shape[1] - 1)
    total = largest + others
    return np.where(total > 0, (largest - others) / np.where(total > 0, total, 1.0), 0.0)


@dataclass(frozen=True)
class _Summary:
    """Of a batch: (n, c) numbers for each image and channel, over the positions."""

    mean: np.ndarray
    variance: np.ndarray
    maximum: np.ndarray
    row: np.ndarray
    column: np.ndarray
    positive_mean: np.ndarray
    positive_share: np.ndarray


def _summaries(model: Model, layer: str) -> Callable:
    """Compiled: images → the parts of a ``_Summary``."""
    network = model.keras_model

    def run(images: tf.Tensor) -> tuple[tf.Tensor, ...]:
        output = run_through(network, images, [layer], stop=True).outputs[layer]
        output = tf.cast(output, tf.float32)
        width = tf.shape(output)[2] if len(output.shape) == 4 else 1
        flat = tf.reshape(output, (tf.shape(output)[0], -1, output.shape[-1]))
        place = tf.argmax(flat, axis=1, output_type=tf.int32)
        return (
            tf.reduce_mean(flat, axis=1),
            tf.math.reduce_variance(flat, axis=1),
            tf.reduce_max(flat, axis=1),
            place // width,
            place % width,
            tf.reduce_mean(tf.nn.relu(flat), axis=1),
            tf.reduce_mean(tf.cast(flat > 0, tf.float32), axis=1),
        )

    def build() -> Callable:
        return tf.function(run, input_signature=[image_signature(network)], autograph=False)

    return compiled(network, ("channel statistics", layer), build)


class _Book:
    """Sums over the images seen so far; its size does not depend on how many there are."""

    def __init__(self, channels: int, classes: int) -> None:
        groups = classes if classes <= MOST_GROUPS else 1
        self.images = 0
        self.means, self.variances = np.zeros(channels), np.zeros(channels)
        self.positive_shares, self.silent = np.zeros(channels), np.zeros(channels)
        self.maximum = np.full(channels, -np.inf)
        self.class_counts = np.zeros(classes, np.int64)
        self.class_means = np.zeros((classes, channels))
        self.class_positives = np.zeros((classes, channels))
        # Sums of squares and products are taken from an origin near the mean: it keeps digits.
        self.origin: np.ndarray | None = None
        self.squares = np.zeros(channels)
        self.products = np.zeros((channels,) * 2) if channels <= MOST_COMPARED else None
        self.grouped = groups > 1
        self.maxima = StreamingSpread(channels, groups, low=0.0)
        self.spread = StreamingSpread(channels, groups)
        self.top = np.zeros((4, 0, channels))  # value, index, row, column

    def add(self, found: _Summary, labels: np.ndarray) -> None:
        mean = found.mean.astype(np.float64)
        if self.origin is None:
            self.origin = mean.mean(axis=0)
        apart = mean - self.origin
        groups = labels if self.grouped else None
        positive = found.maximum > 0
        self._keep_top(found)
        self.images += len(mean)
        self.means += mean.sum(axis=0)
        self.variances += found.variance.sum(axis=0, dtype=np.float64)
        self.positive_shares += found.positive_share.sum(axis=0, dtype=np.float64)
        self.silent += (~positive).sum(axis=0)
        self.maximum = np.maximum(self.maximum, found.maximum.max(axis=0))
        self.class_counts += np.bincount(labels, minlength=len(self.class_counts))
        np.add.at(self.class_means, labels, mean)
        np.add.at(self.class_positives, labels, found.positive_mean.astype(np.float64))
        self.squares += (apart**2).sum(axis=0)
        if self.products is not None:
            self.products += apart.T @ apart
        self.maxima.add(found.maximum, groups, positive)
        self.spread.add(mean, groups)

    def close(self, layer: str, dataset: Dataset) -> ChannelStatistics:
        count, mean = self.images, self.means / self.images
        with np.errstate(invalid="ignore", divide="ignore"):
            class_means = (self.class_means / self.class_counts[:, None]).T
            class_positives = (self.class_positives / self.class_counts[:, None]).T
        apart = mean - self.origin
        between = np.clip(self.squares / count - apart**2, 0, None)
        similarity = None
        if self.products is not None:
            similarity = _correlation(self.products / count - np.outer(apart, apart), mean)
        return ChannelStatistics(
            layer=layer,
            images=count,
            class_names=tuple(dataset.class_names),
            class_counts=self.class_counts,
            mean=mean,
            std=np.sqrt(self.variances / count + between),
            maximum=self.maximum,
            dead_share=self.silent / count,
            sparsity=1 - self.positive_shares / count,
            selectivity=selectivity_index(class_positives),
            class_means=class_means,
            maxima=self.maxima.spread,
            means=self.spread.spread,
            similarity=similarity,
            top_indices=self.top[1].T.astype(np.int64),
            top_values=self.top[0].T.copy(),
            top_positions=self.top[2:].transpose(2, 1, 0).astype(np.int64),
        )

    def _keep_top(self, found: _Summary) -> None:
        indices = np.arange(self.images, self.images + len(found.maximum))[:, None]
        new = np.stack(
            [
                found.maximum.astype(np.float64),
                np.broadcast_to(indices, found.maximum.shape),
                found.row,
                found.column,
            ]
        )
        both = np.concatenate([self.top, new], axis=1)
        order = np.argsort(-both[0], axis=0, kind="stable")[:TOP]
        self.top = np.take_along_axis(both, order[None], axis=1)


def _correlation(covariance: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Pearson's correlations (c, c); 0 where one of the two hardly differs from a constant."""
    deviation = np.sqrt(np.clip(np.diag(covariance), 0, None))
    varies = deviation > 1e-6 * np.maximum(np.abs(mean), 1e-12)
    scale = np.where(varies, deviation, 1.0)
    found = np.clip(covariance / np.outer(scale, scale), -1, 1)
    return np.where(np.outer(varies, varies), found, 0.0)
