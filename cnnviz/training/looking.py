"""Looks inside a network while it learns: what its weights and its layers' outputs are like."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from cnnviz.runs.insights import BINS, MAX_CLASSES, Histogram, Insight, LayerInsight

IMAGES = 64  # whose activations are looked at, at most
MAX_VALUES = 30_000_000  # activations at once, at most: fewer images of large networks
SAMPLE = 50_000  # values a histogram counts, at most, evenly taken

# They pass values on, in another form or fewer of them.
_SKIPPED = (
    layers.InputLayer,
    layers.Rescaling,
    layers.Resizing,
    layers.Dropout,
    layers.Flatten,
    layers.Reshape,
    layers.Concatenate,
    layers.ZeroPadding2D,
    layers.MaxPooling2D,
    layers.AveragePooling2D,
)
_RELUS = ("relu", "relu6")


class Look:
    """Looks at one network, again and again, through the same images.

    Every layer that does something to values is looked at; a nested model counts as one. The pass
    is not traced: that would take longer than the few looks that a training takes.

    Args:
        model: functional.
        images: (n, h, w, c) uint8; the first 64 are used, or fewer for a large network.
    """

    def __init__(self, model: keras.Model, images: np.ndarray) -> None:
        self._layers = [
            layer
            for layer in model.layers
            if not isinstance(layer, _SKIPPED) and len(layer._inbound_nodes) == 1
        ]
        # Not layer.output: that of a nested model lies within it.
        outputs = [layer._inbound_nodes[0].output_tensors[0] for layer in self._layers]
        self._outputs = keras.Model(model.inputs, outputs)
        values = sum(math.prod(output.shape[1:]) for output in outputs)
        count = max(1, min(IMAGES, MAX_VALUES // max(1, values)))
        self._images = tf.cast(images[:count], tf.float32)

    def insight(
        self, label: str, step: int, epoch: int | None, confusion: np.ndarray | None
    ) -> Insight:
        """What there is to see now; ``confusion`` (c, c) counts of true and predicted classes."""
        outputs = self._outputs(self._images, training=False)
        seen = tuple(map(_look_at, self._layers, outputs))
        rows = None
        if confusion is not None and len(confusion) <= MAX_CLASSES:
            rows = tuple(map(tuple, confusion.tolist()))
        return Insight(label, step, epoch, seen, rows)


def confusion_of(shares: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(c, c) counts, rows true and columns predicted, of probabilities (n, c) and labels (n,)."""
    classes = shares.shape[1]
    pairs = labels.astype(np.int64) * classes + shares.argmax(axis=1)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def histogram(values: np.ndarray) -> Histogram | None:
    """Of float32 values of any shape; None when there are none, or some are no numbers.

    Of more than ``SAMPLE`` values, evenly taken ones stand for all.
    """
    values = values.reshape(-1)
    # An odd stride: an even one could see the same channels all the time.
    sample = values[:: len(values) // SAMPLE | 1].astype(np.float64)
    if not len(sample) or not np.isfinite(sample).all():
        return None
    low, high = float(sample.min()), float(sample.max())
    bins = ((sample - low) * (BINS / (high - low or 1.0))).astype(np.int64)
    counts = np.bincount(np.minimum(bins, BINS - 1), minlength=BINS)
    figures = (float(f"{x:.6g}") for x in (low, high, sample.mean(), sample.std()))
    low, high, mean, std = figures
    return Histogram(low, high, tuple(counts.tolist()), mean, std)


def _look_at(layer: keras.Layer, output: tf.Tensor) -> LayerInsight:
    values = np.asarray(tf.cast(output, tf.float32))
    kernels = [] if isinstance(layer, keras.Model) else _kernels(layer)
    dead = 0
    if _is_relu(layer):
        dead = int((values.reshape(-1, values.shape[-1]).max(axis=0) <= 0).sum())
    return LayerInsight(
        name=layer.name,
        kind=type(layer).__name__,
        weights=histogram(np.concatenate(kernels)) if kernels else None,
        activations=histogram(values),
        channels=values.shape[-1],
        zeros=round(float(1 - np.count_nonzero(values) / values.size), 6),
        dead=dead,
    )


def _kernels(layer: keras.Layer) -> list[np.ndarray]:
    """The values of a layer's kernels: one, two in a separable convolution, else none."""
    return [
        np.asarray(v.numpy(), np.float32).reshape(-1)
        for v in layer.weights
        if v.name.endswith("kernel")
    ]


def _is_relu(layer: keras.Layer) -> bool:
    activation = getattr(layer, "activation", None)
    return isinstance(layer, layers.ReLU) or getattr(activation, "__name__", "") in _RELUS
