"""The end of a classifier: scores before the softmax or sigmoid, and probabilities.

Three ways of ending are common and all are handled: softmax or sigmoid fused into the last dense
(or convolution) layer, as a layer of its own, or plain scores (logits). One sigmoid unit is shown
as two classes: with z its value before the sigmoid, the scores are (−z, z) and the probabilities
the sigmoid of each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

# Looking inside changes the network's layers for a moment: one thread at a time.
LOCK = threading.RLock()

_PASSES_ON = (
    "Flatten",
    "Reshape",
    "Dropout",
    "Identity",
    "ActivityRegularization",
    "Cast",
    "Squeeze",
)


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
    name = getattr(activation, "__name__", "") or type(activation or operation).__name__
    name = name.lower()
    if name in ("softmax", "sigmoid"):
        return Ending(name, units, operation)
    return Ending("probabilities" if units > 1 and _gives_shares(model) else "logits", units)


@contextmanager
def scores_kept(ending: Ending) -> Iterator[list[tf.Tensor]]:
    """While this lasts, calling (tracing) the model also leaves its scores in the list it gives.

    The last entry holds what comes before the softmax or sigmoid; the list stays empty where the
    scores are the output itself. Use it around the tracing of a ``tf.function``.
    """
    kept: list[tf.Tensor] = []

    def squash(call: Callable, x: tf.Tensor, *args: object, **kwargs: object) -> tf.Tensor:
        kept.append(x)
        return call(x, *args, **kwargs)

    operation = ending.operation
    with LOCK:
        if operation is None:
            yield kept
        else:
            fused = getattr(operation, "activation", None) is not None
            with wrapped(operation, "activation" if fused else "call", squash):
                yield kept


@contextmanager
def wrapped(owner: keras.Operation, attribute: str, wrapper: Callable) -> Iterator[None]:
    """Replace a method or function of a layer; other threads go on seeing the original.

    ``wrapper`` gets the original and what it was called with.
    """
    original, own = getattr(owner, attribute), attribute in owner.__dict__
    thread = threading.get_ident()

    def replacement(*args: object, **kwargs: object) -> tf.Tensor:
        if threading.get_ident() != thread:
            return original(*args, **kwargs)
        return wrapper(original, *args, **kwargs)

    object.__setattr__(owner, attribute, replacement)
    try:
        yield
    finally:
        if own:
            object.__setattr__(owner, attribute, original)
        else:
            object.__delattr__(owner, attribute)


def answer_of(output: tf.Tensor, kept: list[tf.Tensor], ending: Ending) -> tf.Tensor:
    """(n, units): the last scores that were kept, else the output.

    The network may reshape its answer after the softmax: (n, 1, 1, classes) is common.
    """
    return tf.reshape((kept or [output])[-1], (-1, ending.units))


def scores_of(output: tf.Tensor, ending: Ending) -> tf.Tensor:
    """(n, classes) float32 scores from what ``answer_of`` gives."""
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
            tensor = operation.outputs[tensor._keras_history.tensor_index]
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
