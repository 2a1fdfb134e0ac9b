"""Find a layer by its name, and look inside a network while it runs.

Layers inside nested models have no common graph with the outer model's input, so sub-models cannot
be cut out of them. Instead the wanted layers' ``call`` is wrapped for the duration of one trace:
the wrapper keeps what the layer returned. That works for sequential, functional, subclassed and
nested models alike. The compiled functions built this way belong to their model, so that a second
question compiles nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf

from cnnviz.errors import BadInput, NotFound
from cnnviz.models.outputs import (
    LOCK,
    Ending,
    answer_of,
    find_ending,
    probabilities_of,
    scores_kept,
    scores_of,
    wrapped,
)
from cnnviz.models.structure import count_uses, describe_layers, opens

_COMPILED = "_cnnviz_compiled"
_FACTS = "_cnnviz_facts"
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
        if opens(layer):
            names.extend(layer_names(layer, f"{prefix}{layer.name}/"))
        elif not isinstance(layer, keras.layers.InputLayer):
            names.append(prefix + layer.name)
    return tuple(names)


def ending_of(keras_model: keras.Model) -> Ending:
    """How the network ends (found once per model)."""
    with tf.init_scope():  # it may try the network out, which a trace in progress must not see
        return _fact(keras_model, "ending", lambda: find_ending(keras_model))


def output_shape(keras_model: keras.Model, name: str) -> tuple[int, ...]:
    """The shape of a layer's output without the batch, at its last use; raises NotFound.

    Where the network leaves its input size open, 224 pixels are assumed.
    """
    find_layer(keras_model, name)
    with tf.init_scope():
        shapes = _fact(
            keras_model,
            "shapes",
            lambda: {x.name: x.output_shape for x in describe_layers(keras_model)},
        )
    if name not in shapes:
        raise _not_passed(name)
    return shapes[name]


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
        functions = _kept_with(keras_model, _COMPILED)
        if key not in functions:
            functions[key] = build()
        functions.move_to_end(key)
        while len(functions) > _COMPILED_LIMIT:
            functions.popitem(last=False)
        return functions[key]


def _fact(keras_model: keras.Model, name: str, find: Callable[[], object]) -> object:
    """Something about the network that is found out once."""
    with LOCK:
        facts = _kept_with(keras_model, _FACTS)
        if name not in facts:
            facts[name] = find()
        return facts[name]


def _kept_with(keras_model: keras.Model, attribute: str) -> OrderedDict:
    """An object that Keras neither tracks nor saves, gone when the model goes."""
    if attribute not in keras_model.__dict__:
        object.__setattr__(keras_model, attribute, OrderedDict())
    return keras_model.__dict__[attribute]


def capture(
    keras_model: keras.Model, names: Sequence[str], *, stop: bool = False
) -> Callable[[np.ndarray], Seen]:
    """A compiled function from raw images (n, h, w, c) to what the named layers returned.

    Args:
        keras_model: takes images (n, h, w, c).
        names: layers to keep.
        stop: end after the last of them, without scores.

    Raises:
        NotFound: there is no such layer.
    """
    names = tuple(names)
    for name in names:
        find_layer(keras_model, name)

    def build() -> Callable:
        def run(images: tf.Tensor) -> tuple:
            seen = run_through(keras_model, images, names, stop=stop)
            return seen.outputs, seen.scores, seen.probabilities

        function = tf.function(run, input_signature=[image_signature(keras_model)], autograph=False)
        return lambda images: Seen(*function(as_batch(keras_model, images)))

    return compiled(keras_model, ("capture", names, stop), build)


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
    seen, ending = Seen(), ending_of(keras_model)
    uses = _fact(keras_model, "uses", lambda: count_uses(keras_model))
    waiting = {name: uses[id(find_layer(keras_model, name))] for name in names}

    def keep(name: str) -> Callable:
        def wrapper(call: Callable, *args: object, **kwargs: object) -> tf.Tensor:
            output = call(*args, **kwargs)
            if on_output is not None:
                replaced = on_output(output)
                output = output if replaced is None else replaced
            seen.outputs[name] = output
            waiting[name] -= 1
            if stop and not any(waiting.values()):
                raise _LastLayerReached
            return output

        return wrapper

    with LOCK, ExitStack() as stack:
        for layer, attribute, wrapper in _stand_ins(keras_model, rectifier):
            stack.enter_context(wrapped(layer, attribute, wrapper))
        for name in waiting:
            stack.enter_context(wrapped(find_layer(keras_model, name), "call", keep(name)))
        with suppress(_LastLayerReached), scores_kept(ending) as scores:
            output = answer_of(keras_model.call(images, training=False), scores, ending)
            seen.scores = scores_of(output, ending)
            seen.probabilities = probabilities_of(seen.scores, ending)
    for name in waiting:
        if name not in seen.outputs:
            raise _not_passed(name)
    return seen


def _not_passed(name: str) -> NotFound:
    return NotFound("No image passes the layer “{layer}”, so it shows nothing.", layer=name[:60])


def _stand_ins(
    keras_model: keras.Model, rectifier: Callable | None
) -> Iterator[tuple[keras.layers.Layer, str, Callable]]:
    """Functions of layers that another one stands in for: the layer, the attribute, a wrapper."""
    if rectifier is not None:
        for layer, attribute in rectifiers(keras_model):
            yield layer, attribute, lambda call, x, *_: rectifier(x, call)
    for layer in _fact(keras_model, "sparse", lambda: _sparse_convolutions(keras_model)):
        yield (
            layer,
            "convolution_op",
            lambda _, x, kernel, s=layer.strides: tf.nn.conv2d(
                x[:, :: s[0], :: s[1]], kernel, 1, "VALID"
            ),
        )


def _sparse_convolutions(keras_model: keras.Model) -> list[keras.layers.Conv2D]:
    """Convolutions that look at single pixels, and not at all of them.

    TensorFlow 2.21 crashes on a processor while it works out the gradient of some of them with
    respect to a single image (oneDNN). Taking the pixels first and then looking at all that are
    left is the same.
    """
    named = (find_layer(keras_model, name) for name in layer_names(keras_model))
    return [
        layer
        for layer in named
        if type(layer) is keras.layers.Conv2D
        and layer.kernel_size == (1, 1)
        and max(layer.strides) > 1
        and layer.data_format == "channels_last"
    ]


def rectifiers(keras_model: keras.Model) -> Iterator[tuple[keras.layers.Layer, str]]:
    """Every ReLU and ReLU6 of a network: the layer, and the attribute that holds the function.

    Layers inside layers are looked at as well.
    """
    for layer in keras_model._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.ReLU):
            yield layer, "call"
        elif getattr(getattr(layer, "activation", None), "__name__", "") in ("relu", "relu6"):
            yield layer, "activation"
