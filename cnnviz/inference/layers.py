"""Find a layer by its name, and look inside a network while it runs.

Layers inside nested models have no common graph with the outer model's input, so sub-models cannot
be cut out of them. Instead the wanted layers' ``call`` is wrapped for the duration of one trace:
the wrapper keeps what the layer returned. That works for sequential, functional, subclassed and
nested models alike. The compiled functions built this way belong to their model, so that a second
question compiles nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf

from cnnviz.errors import BadInput, NotFound
from cnnviz.models.outputs import LOCK, Ending, find_ending, probabilities_of, scores_of

_COMPILED = "_cnnviz_compiled"
_COMPILED_LIMIT = 48  # compiled functions a model keeps; a deep network has more layers than that


class _LastLayerReached(BaseException):
    """Ends a pass early. Not an Exception: Keras rewrites those on their way out."""


@dataclass
class Seen:
    """What one run of a network showed: tensors by layer name.

    ``outputs`` have the layers' own dtypes. ``scores`` (n, classes) are what goes into the final
    softmax or sigmoid (see :mod:`cnnviz.models.outputs`); they and ``probabilities`` are None when
    the run ended at the last wanted layer.
    """

    outputs: dict[str, tf.Tensor] = field(default_factory=dict)
    scores: tf.Tensor | None = None
    probabilities: tf.Tensor | None = None


def find_layer(keras_model: keras.Model, name: str) -> keras.layers.Layer:
    """The layer of that name, ``outer/inner`` inside a nested model; raises NotFound."""
    layer = keras_model
    for part in str(name).split("/"):
        layer = next((x for x in getattr(layer, "layers", ()) if x.name == part), None)
        if layer is None:
            raise NotFound("This model has no layer called “{layer}”.", layer=str(name)[:40])
    return layer


def layer_names(keras_model: keras.Model, prefix: str = "") -> tuple[str, ...]:
    """All layers that compute something, first to last; nested models are opened."""
    names: list[str] = []
    for layer in keras_model.layers:
        if isinstance(layer, keras.Model):
            names.extend(layer_names(layer, f"{prefix}{layer.name}/"))
        elif not isinstance(layer, keras.layers.InputLayer):
            names.append(prefix + layer.name)
    return tuple(names)


def ending_of(keras_model: keras.Model) -> Ending:
    """How the network ends (found once per model)."""
    with tf.init_scope():  # it may try the network out, which a trace in progress must not see
        return compiled(keras_model, ("ending",), lambda: find_ending(keras_model))


def image_signature(keras_model: keras.Model) -> tf.TensorSpec:
    """Raw images (n, h, w, c), any n: one trace serves every batch size."""
    return tf.TensorSpec((None, *keras_model.inputs[0].shape[1:]), tf.float32)


def as_batch(keras_model: keras.Model, images: np.ndarray) -> np.ndarray:
    """``images`` as the float32 batch that the network takes; raises BadInput."""
    batch = np.asarray(images)
    wanted = keras_model.inputs[0].shape[1:]
    if len(batch) == 0:
        raise BadInput("There are no images to look at. Choose at least one.")
    if batch.ndim != 4 or any(
        x not in (None, y) for x, y in zip(wanted, batch.shape[1:], strict=True)
    ):
        raise BadInput(
            "The images have the shape {given}; this network takes {wanted}.",
            given=" × ".join(map(str, batch.shape[1:])),
            wanted=" × ".join(str(x or "any") for x in wanted),
        )
    return np.ascontiguousarray(batch, np.float32)


def compiled(keras_model: keras.Model, key: tuple, build: Callable[[], Callable]) -> Callable:
    """What ``build`` returned the first time this model was asked for ``key``."""
    with LOCK:
        functions = keras_model.__dict__.get(_COMPILED)
        if functions is None:
            functions = OrderedDict()
            # An object that Keras neither tracks nor saves, gone when the model goes.
            object.__setattr__(keras_model, _COMPILED, functions)
        if key not in functions:
            functions[key] = build()
        functions.move_to_end(key)
        while len(functions) > _COMPILED_LIMIT:
            functions.popitem(last=False)
        return functions[key]


def capture(keras_model: keras.Model, names: Sequence[str]) -> Callable[[np.ndarray], Seen]:
    """A compiled function from raw images (n, h, w, c) to what the named layers returned.

    Raises:
        NotFound: there is no such layer.
    """
    names = tuple(names)
    for name in names:
        find_layer(keras_model, name)

    def build() -> Callable:
        def run(images: tf.Tensor) -> tuple:
            seen = run_through(keras_model, images, names)
            return seen.outputs, seen.scores, seen.probabilities

        function = tf.function(run, input_signature=[image_signature(keras_model)], autograph=False)
        return lambda images: Seen(*function(as_batch(keras_model, images)))

    return compiled(keras_model, ("capture", names), build)


def run_through(
    keras_model: keras.Model,
    images: tf.Tensor,
    names: Sequence[str] = (),
    *,
    on_output: Callable[[tf.Tensor], tf.Tensor | None] | None = None,
    stop: bool = False,
    rectifier: Callable[[tf.Tensor, Callable], tf.Tensor] | None = None,
) -> Seen:
    """Run the network once, keeping what the named layers return. Call it inside a trace.

    A layer that is used several times shows its last use.

    Args:
        keras_model: takes images (n, h, w, c).
        images: raw pixels, float32.
        names: layers to keep.
        on_output: called with each kept output as the network goes on to use it
            (``tape.watch``); with what it returns, if anything, the network goes on instead.
        stop: end after the last named layer, so that later layers neither cost anything nor care
            about the size of the image.
        rectifier: called as ``rectifier(x, relu)`` in place of every ReLU and ReLU6.
    """
    seen, waiting = Seen(), set(names)
    ending, unsquashed = ending_of(keras_model), []

    def keep(name: str) -> Callable:
        def wrapper(call: Callable, *args: object, **kwargs: object) -> tf.Tensor:
            output = call(*args, **kwargs)
            if on_output is not None:
                replaced = on_output(output)
                output = output if replaced is None else replaced
            seen.outputs[name] = output
            waiting.discard(name)
            if stop and not waiting:
                raise _LastLayerReached
            return output

        return wrapper

    def keep_scores(call: Callable, x: tf.Tensor, *args: object, **kwargs: object) -> tf.Tensor:
        unsquashed.append(x)
        return call(x, *args, **kwargs)

    with LOCK, ExitStack() as stack:
        if rectifier is not None:
            for layer, attribute in _rectifiers(keras_model):
                stack.enter_context(
                    _wrapped(layer, attribute, lambda call, x, *_: rectifier(x, call))
                )
        if ending.operation is not None:
            fused = getattr(ending.operation, "activation", None) is not None
            squashing = "activation" if fused else "call"
            stack.enter_context(_wrapped(ending.operation, squashing, keep_scores))
        for name in waiting.copy():
            stack.enter_context(_wrapped(find_layer(keras_model, name), "call", keep(name)))
        with suppress(_LastLayerReached):
            output = keras_model.call(images, training=False)
            # The network may reshape its answer after the softmax: (n, 1, 1, classes) is common.
            output = tf.reshape((unsquashed or [output])[-1], (-1, ending.units))
            seen.scores = scores_of(output, ending)
            seen.probabilities = probabilities_of(seen.scores, ending)
    return seen


def _rectifiers(keras_model: keras.Model) -> Iterator[tuple[keras.layers.Layer, str]]:
    for name in layer_names(keras_model):
        layer = find_layer(keras_model, name)
        if isinstance(layer, keras.layers.ReLU):
            yield layer, "call"
        elif getattr(getattr(layer, "activation", None), "__name__", "") in ("relu", "relu6"):
            yield layer, "activation"


@contextmanager
def _wrapped(owner: keras.Operation, attribute: str, wrapper: Callable) -> Iterator[None]:
    """Replace a method or function of a layer; other threads go on seeing the original."""
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
