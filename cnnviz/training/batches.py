"""Batches for ``fit``: shuffled and augmented anew in every epoch, the same again after a crash."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from cnnviz.training.augment import augment


class Batches:
    """The training images as batches.

    Order and augmentation depend on (seed, epoch, batch) alone, so that a resumed training sees
    what it would have seen. All batches of an epoch have the same size (one traced graph, no tiny
    last batch that upsets batch normalisation): the few images that remain sit this epoch out,
    others the next. Set ``epoch`` before each epoch.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        augmentation: tuple[str, ...],
        seed: int,
    ) -> None:
        self._images, self._labels = images, labels
        self._augmentation, self._seed = augmentation, seed
        self.batch_size = min(batch_size, len(images))
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0))
        self.epoch = 0

    def __len__(self) -> int:
        return len(self._images) // self.batch_size

    def batch(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Images (batch_size, h, w, c) uint8 and labels (batch_size,) of the current epoch."""
        epoch, (known, order) = self.epoch, self._order
        if known != epoch:
            order = np.random.default_rng((self._seed, epoch)).permutation(len(self._images))
            self._order = epoch, order
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        generator = np.random.default_rng((self._seed, epoch, index + 1))
        return augment(self._images[chosen], self._augmentation, generator), self._labels[chosen]

    def as_tensors(self) -> tf.data.Dataset:
        """One epoch, two batches made ahead while the network works."""
        shape = (self.batch_size, *self._images.shape[1:])

        def make(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            images, labels = tf.numpy_function(self.batch, [index], (tf.uint8, tf.int64))
            return tf.ensure_shape(images, shape), tf.ensure_shape(labels, shape[:1])

        return tf.data.Dataset.range(len(self)).map(make).prefetch(2)
