"""Batches of a training: shuffled and augmented anew every epoch, the same after a crash."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from cnnviz.training.augment import augment


class Batches:
    """The training images as batches, one for each step.

    Order and augmentation depend on (seed, epoch, batch) alone, so that a training that goes on
    from any step sees what it would have seen. All batches have the same size (one traced graph, no
    tiny last batch that upsets batch normalisation): the few images that remain sit an epoch out,
    others the next.

    Args:
        images: (n, h, w, c) uint8.
        labels: (n,).
        batch_size: images in a batch; fewer where there are not as many.
        augmentation: what is done to the images.
        seed: of the training.
        class_weights: how much an image of each class counts; None for all alike.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        augmentation: tuple[str, ...],
        seed: int,
        class_weights: Mapping[int, float] | None = None,
    ) -> None:
        self._images, self._labels = images, labels.astype(np.int64)
        self._augmentation, self._seed = augmentation, seed
        self.batch_size = min(batch_size, len(images))
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0))
        self._weights = None
        if class_weights is not None:
            self._weights = np.array([class_weights[label] for label in labels.tolist()], "f4")

    def __len__(self) -> int:
        """Steps in an epoch."""
        return len(self._images) // self.batch_size

    def batch(self, step: int) -> tuple[np.ndarray, ...]:
        """What the step after ``step`` finished ones learns from.

        Images (batch_size, h, w, c) uint8, labels (batch_size,) int64 and, with class weights, the
        weight of each image (batch_size,) float32.
        """
        epoch, index = divmod(int(step), len(self))
        known, order = self._order
        if known != epoch:
            order = np.random.default_rng((self._seed, epoch)).permutation(len(self._images))
            self._order = epoch, order
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        generator = np.random.default_rng((self._seed, epoch, index + 1))
        images = augment(self._images[chosen], self._augmentation, generator)
        if self._weights is None:
            return images, self._labels[chosen]
        return images, self._labels[chosen], self._weights[chosen]

    def as_tensors(self, first: int = 0, last: int | None = None) -> tf.data.Dataset:
        """The batches from step ``first`` to before ``last`` (None: to the end of the epoch).

        Two are made ahead while the network works.
        """
        end = (first // len(self) + 1) * len(self) if last is None else last
        count = self.batch_size
        shapes = [(count, *self._images.shape[1:]), (count,), (count,)]
        types = [tf.uint8, tf.int64] + [tf.float32] * (self._weights is not None)

        def make(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
            parts = tf.numpy_function(self.batch, [step], types)
            return tuple(
                tf.ensure_shape(part, shape) for part, shape in zip(parts, shapes, strict=False)
            )

        return tf.data.Dataset.range(first, end).map(make).prefetch(2)
