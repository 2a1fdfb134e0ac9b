"""What a network is made of: layers, shapes, parameters, FLOPs, receptive fields.

Nested models are opened up: their layers are called ``outer/inner``, and nothing is listed for the
outer one. A layer that is used several times is listed once, where it is used first.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import keras
import tensorflow as tf
from keras.src.ops.node import Node

from cnnviz.models.cards import Card, Layer, ReceptiveField
from cnnviz.models.flops import count_flops
from cnnviz.models.outputs import find_ending
from cnnviz.models.receptive_fields import seen_by

OPEN_SIDE = 224  # assumed where a network leaves its input size open

_INVISIBLE = ("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "Identity")
_ACTIVATIONS = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU")


@dataclass(frozen=True)
class Step:
    """One use of a layer: the tensors in and out, numbered, with concrete shapes."""

    name: str
    operation: keras.Operation
    inputs: tuple[int, ...]
    input_shapes: tuple[tuple[int, ...], ...]
    output: int
    output_shape: tuple[int, ...]


def describe_layers(
    model: keras.Model, input_shape: tuple[int, int, int] | None = None
) -> tuple[Layer, ...]:
    """All layers in the order in which an image passes them.

    Args:
        model: functional or sequential, one input (n, h, w, c), one output; nested models are fine.
        input_shape: (h, w, c) to assume; needed where the model leaves its input size open, 224
            pixels are assumed otherwise.
    """
    sources: dict[int, tuple[str, ...]] = {}  # tensor → names of the listed layers it comes from
    fields: dict[int, ReceptiveField | None] = {}
    listed: dict[int, Layer] = {}
    for step in walk(model, input_shape):
        field = seen_by(
            step.operation,
            [fields[i] for i in step.inputs],
            step.input_shapes,
            step.output_shape,
        )
        fields[step.output] = field
        before = tuple(dict.fromkeys(name for i in step.inputs for name in sources[i]))
        key = id(step.operation)
        if not isinstance(step.operation, keras.layers.Layer) or key in listed:
            sources[step.output] = before
            continue
        parameters = step.operation.count_params() if step.operation.built else 0
        listed[key] = Layer(
            name=step.name,
            kind=type(step.operation).__name__,
            output_shape=step.output_shape,
            parameters=int(parameters),
            flops=count_flops(step.operation, step.input_shapes, step.output_shape),
            inputs=before,
            receptive_field=None if len(step.output_shape) != 3 else field,
        )
        sources[step.output] = (step.name,)
    return tuple(listed.values())


def make_card(
    model: keras.Model,
    title: str,
    class_names: Sequence[str],
    input_shape: tuple[int, int, int] | None = None,
    **known: object,
) -> Card:
    """A card with everything the network itself tells.

    Args:
        model: see ``describe_layers``.
        title: what people call it.
        class_names: in the order of the outputs; two for a single sigmoid unit.
        input_shape: needed only where the model leaves its input size open.
        **known: further fields of ``Card``; they win over what is worked out here.
    """
    layers = describe_layers(model, input_shape)
    details = {
        "input_shape": concrete_shape(model, input_shape),
        "parameters": int(model.count_params()),
        "flops": sum(layer.flops for layer in layers),
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "layers": layers,
        "answers": "several" if find_ending(model).separate else "one",
        "heatmap_layer": last_spatial_layer(layers),
        "feature_layer": head_input(layers),
        "filter_layer": middle_layer(layers),
    }
    return Card(title=title, class_names=tuple(class_names), **{**details, **known})


def concrete_shape(
    model: keras.Model, input_shape: tuple[int, int, int] | None = None
) -> tuple[int, int, int]:
    """(h, w, c) of the input, open sides filled from ``input_shape`` or with 224."""
    own = model.inputs[0].shape[1:]
    wished = input_shape or (OPEN_SIDE,) * 3
    return tuple(int(w if o is None else o) for o, w in zip(own, wished, strict=True))


def last_spatial_layer(layers: Sequence[Layer]) -> str | None:
    """The last layer with more than 1×1 positions: where heatmaps are read off.

    A pooling layer at the end makes maps coarser and adds nothing of its own, so the layer before
    it is taken; through a max pooling the two heatmaps are alike, not equal.
    """
    found = [x for x in layers if _maps(x) and x.kind != "InputLayer"]
    finer = [x for x in found if "Pooling" not in x.kind]
    return (finer or found)[-1].name if found else None


def head_input(layers: Sequence[Layer]) -> str | None:
    """The layer that feeds the classifier head, the last dense layer or convolution."""
    heads = [x for x in layers if x.parameters and ("Dense" in x.kind or "Conv" in x.kind)]
    by_name = {x.name: x for x in layers}
    name = heads[-1].inputs[0] if heads and heads[-1].inputs else None
    while name and by_name[name].kind in _INVISIBLE and by_name[name].inputs:
        name = by_name[name].inputs[0]
    return name


def middle_layer(layers: Sequence[Layer]) -> str | None:
    """An activation (else a convolution) half-way through the network, for its filters."""
    spatial = [x for x in layers if _maps(x)]
    chosen = [x for x in spatial if x.kind in _ACTIVATIONS]
    chosen = chosen or [x for x in spatial if "Conv" in x.kind]
    return chosen[len(chosen) // 2].name if chosen else None


def walk(model: keras.Model, input_shape: tuple[int, int, int] | None = None) -> Iterator[Step]:
    """All uses of layers and operations on the way from the input to the output, in order."""
    numbers = count()
    yield from _walk(model, next(numbers), concrete_shape(model, input_shape), "", numbers)


def _walk(
    model: keras.Model, given: int, given_shape: tuple[int, ...], prefix: str, numbers: count
) -> Generator[Step, None, tuple[int, tuple[int, ...]]]:
    """Steps inside one model, whose input is tensor number ``given``; returns its output."""
    number = {id(model.inputs[0]): given}
    shapes = {id(model.inputs[0]): given_shape}
    for operation, node in nodes(model):
        tensors, out = node.input_tensors, node.output_tensors[0]
        name = prefix + operation.name
        inputs = tuple(number[id(t)] for t in tensors)
        input_shapes = tuple(shapes[id(t)] for t in tensors)
        if not tensors:
            if not prefix:  # inside a nested model the input is what comes from outside
                yield Step(name, operation, (), (), given, given_shape)
        elif isinstance(operation, keras.Model):
            inner = _walk(operation, inputs[0], input_shapes[0], name + "/", numbers)
            number[id(out)], shapes[id(out)] = yield from inner
        else:
            number[id(out)] = next(numbers)
            shapes[id(out)] = _output_shape(operation, node, shapes)
            yield Step(name, operation, inputs, input_shapes, number[id(out)], shapes[id(out)])
    return number[id(model.outputs[0])], shapes[id(model.outputs[0])]


def nodes(model: keras.Model) -> list[tuple[keras.Operation, Node]]:
    """Operations with the node of each use, sorted so that inputs come first."""
    found: dict[int, tuple[keras.Operation, Node]] = {}
    ends = {id(tensor) for tensor in model.inputs}
    waiting = [(model.outputs[0], False)]
    while waiting:
        tensor, inputs_done = waiting.pop()
        history = tensor._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        if id(node) in found:
            continue
        before = [] if id(tensor) in ends else node.input_tensors
        if inputs_done or not before:
            found[id(node)] = (history.operation, node)
            continue
        waiting.append((tensor, True))
        waiting.extend((t, False) for t in reversed(before))
    return list(found.values())


def _output_shape(
    operation: keras.Operation, node: Node, shapes: dict[int, tuple[int, ...]]
) -> tuple[int, ...]:
    known = node.output_tensors[0].shape[1:]
    if None not in known:
        return tuple(known)
    stand_in = {
        id(t): keras.KerasTensor((1, *shapes[id(t)]), dtype=t.dtype) for t in node.input_tensors
    }
    args, kwargs = node.arguments.fill_in(stand_in)
    return tuple(operation.compute_output_spec(*args, **kwargs).shape[1:])


def _maps(layer: Layer) -> bool:
    return layer.spatial and layer.kind not in _INVISIBLE
