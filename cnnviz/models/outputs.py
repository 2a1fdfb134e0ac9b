"""The end of a classifier: scores before the softmax or sigmoid, and probabilities.

Three ways of ending are common and all are handled: softmax or sigmoid fused into the last dense
(or convolution) layer, as a layer of its own, or plain scores (logits). One sigmoid unit is shown
as two classes: with z its value before the sigmoid, the scores are (−z, z) and the probabilities
the sigmoid of each.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

# Taking the last activation away changes the network for a moment: one thread at a time.
LOCK = threading.RLock()

_PASSES_ON = ("Flatten", "Reshape", "Dropout", "Identity", "ActivityRegularization", "Cast")


@dataclass(frozen=True)
class Ending:
    """How a classifier ends.

    ``kind`` is ``softmax``, ``sigmoid``, ``logits`` (nothing squeezes the scores) or
    ``probabilities`` (shares of the vote come out of something that cannot be taken apart; their
    logarithms stand for the scores). ``units`` is the width of the output. ``operation`` is the
    layer that holds the activation, None for the last two kinds.
    """

    kind: str
    units: int
    operation: keras.Operation | None = None

    @property
    def classes(self) -> int:
        """How many classes are told apart: two for a single unit."""
        return max(self.units, 2)

    @property
    def separate(self) -> bool:
        """Whether each class is answered yes or no for itself (multi-label)."""
        return self.kind == "sigmoid" and self.units > 1


def find_ending(model: keras.Model) -> Ending:
    """How a model with one (n, units) output ends."""
    units = model.outputs[0].shape[-1]
    operation = _last_operation(model)
    activation = getattr(operation, "activation", None)
    name = getattr(activation, "__name__", "") or type(operation).__name__
    name = name.lower()
    if name in ("softmax", "sigmoid"):
        return Ending(name, units, operation)
    return Ending("probabilities" if units > 1 and _gives_shares(model) else "logits", units)


@contextmanager
def without_activation(ending: Ending) -> Iterator[None]:
    """While this lasts, calling (tracing) the model gives what comes before softmax or sigmoid.

    Use it around the tracing of a ``tf.function``; the finished graph stays as it was traced.
    """
    operation = ending.operation
    with LOCK:
        if operation is None:
            yield
        elif getattr(operation, "activation", None) is not None:
            kept, operation.activation = operation.activation, keras.activations.linear
            try:
                yield
            finally:
                operation.activation = kept
        else:
            object.__setattr__(operation, "call", lambda inputs, *_, **__: inputs)
            try:
                yield
            finally:
                object.__delattr__(operation, "call")


def scores_of(output: tf.Tensor, ending: Ending) -> tf.Tensor:
    """(n, classes) float32 scores from the output of a model called ``without_activation``."""
    output = tf.cast(output, tf.float32)
    if ending.kind == "probabilities":
        return tf.math.log(tf.maximum(output, 1e-12))
    if ending.units == 1:
        return tf.concat([-output, output], axis=-1)
    return output


def probabilities_of(scores: tf.Tensor, ending: Ending) -> tf.Tensor:
    """(n, classes) float32 probabilities of scores.

    They sum to 1, except for several sigmoid units, each of which answers for itself.
    """
    if ending.kind == "sigmoid" or ending.units == 1:
        return tf.sigmoid(scores)
    return tf.nn.softmax(scores)


def _last_operation(model: keras.Model) -> keras.Operation:
    """The operation that makes the output, looked for inside nested models as well."""
    tensor = model.outputs[0]
    while True:
        operation = tensor._keras_history.operation
        if isinstance(operation, keras.Model) and hasattr(operation, "outputs"):
            tensor = operation.outputs[0]
            continue
        linear = getattr(operation, "activation", None) is keras.activations.linear
        passes_on = type(operation).__name__ in _PASSES_ON
        if passes_on or (linear and type(operation).__name__ == "Activation"):
            before = operation._inbound_nodes[tensor._keras_history.node_index].input_tensors
            tensor = before[0]
            continue
        return operation


def _gives_shares(model: keras.Model) -> bool:
    """Whether the outputs for two noise images are non-negative and sum to one."""
    shape = [2, *(64 if side is None else side for side in model.inputs[0].shape[1:])]
    noise = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    output = np.asarray(model(noise, training=False), dtype=np.float64)
    return bool((output >= 0).all() and np.allclose(output.sum(axis=-1), 1, atol=1e-3))
