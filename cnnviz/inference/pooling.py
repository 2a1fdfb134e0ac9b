"""What a layer returned for an image as one row of numbers."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

POOLINGS = ("mean", "flat")
MOST_FLAT = 4096  # values of a flattened layer that are kept as they are
_HASHED = 2048
_SEED = 0


def pooled_size(output_shape: tuple[int, ...], pooling: str) -> int:
    """Numbers in a row, for a layer with this output shape (without the batch)."""
    if pooling == "mean":
        return int(output_shape[-1])
    whole = int(np.prod(output_shape))
    return whole if whole <= MOST_FLAT else _HASHED


def pooled(output: tf.Tensor, pooling: str) -> tf.Tensor:
    """Rows (n, d) float32 of a layer's output (n, …). Call it inside a trace.

    ``mean`` is the average over positions, one number a channel. ``flat`` keeps the positions; of
    more than 4,096 values, each is added with a random sign to one of 2,048 sums, which keeps
    inner products, and so distances, right on average (feature hashing, Weinberger et al. 2009,
    arXiv 0902.2206).
    """
    output = tf.cast(output, tf.float32)
    if pooling == "mean":
        positions = list(range(1, len(output.shape) - 1))
        return tf.reduce_mean(output, axis=positions) if positions else output
    whole = int(np.prod(output.shape[1:]))
    flat = tf.reshape(output, (-1, whole))
    if whole <= MOST_FLAT:
        return flat
    rng = np.random.default_rng(_SEED)
    sums = rng.integers(0, _HASHED, whole).astype(np.int32)
    signs = rng.choice(np.float32([-1, 1]), whole)
    return tf.transpose(tf.math.unsorted_segment_sum(tf.transpose(flat * signs), sums, _HASHED))
