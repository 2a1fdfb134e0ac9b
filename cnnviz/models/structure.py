"""What a network is made of: layers, shapes, parameters, FLOPs, receptive fields.

Nested models are opened up: their layers are called ``outer/inner``, and nothing is listed for the
outer one. A layer that is used several times is listed once, where it is used last: that is the
use whose output is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import keras
import tensorflow as tf
from keras.src.ops.node import Node

from cnnviz.models.cards import ACTIVATIONS, Card, Layer, ReceptiveField
from cnnviz.models.flops import count_flops
from cnnviz.models.outputs import find_ending
from cnnviz.models.receptive_fields import seen_by

OPEN_SIDE = 224  # assumed where a network leaves its input size open

_INVISIBLE = ("Dropout", "SpatialDropout2D", "GaussianNoise", "GaussianDropout", "Identity")
_PREPARES = ("InputLayer", "Rescaling", "Normalization", "CenterCrop", "Resizing", "ZeroPadding2D")


@dataclass(frozen=True)
class Step:
    """One use of a layer: the tensors in and out, numbered, with concrete shapes.

    ``outputs`` and ``output_shapes`` are in the layer's own order; few layers have more than one.
    ``turn`` grows in the order in which Keras runs the uses.
    """

    name: str
    operation: keras.Operation
    inputs: tuple[int, ...]
    input_shapes: tuple[tuple[int, ...], ...]
    outputs: tuple[int, ...]
    output_shapes: tuple[tuple[int, ...], ...]
    turn: tuple[int, ...]

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self.output_shapes[0]


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
    flops: Counter[int] = Counter()
    found: list[Layer] = []
    ids: list[int] = []
    steps = list(walk(model, input_shape))
    uses = Counter(id(step.operation) for step in steps)
    last = {id(x.operation): x.turn for x in sorted(steps, key=lambda x: x.turn)}
    for step in steps:
        key, shape = id(step.operation), step.output_shape
        field = seen_by(step.operation, [fields[i] for i in step.inputs], step.input_shapes, shape)
        fields.update(dict.fromkeys(step.outputs, field))
        flops[key] += count_flops(step.operation, step.input_shapes, shape)
        before = tuple(dict.fromkeys(name for i in step.inputs for name in sources[i]))
        sources.update(dict.fromkeys(step.outputs, before))
        if not isinstance(step.operation, keras.layers.Layer) or step.turn != last[key]:
            continue
        parameters = step.operation.count_params() if step.operation.built else 0
        found.append(
            Layer(
                name=step.name,
                kind=type(step.operation).__name__,
                output_shape=shape,
                parameters=int(parameters),
                inputs=before,
                receptive_field=None if len(shape) != 3 else field,
                uses=uses[key],
            )
        )
        ids.append(key)
        sources.update(dict.fromkeys(step.outputs, (step.name,)))
    return tuple(replace(x, flops=flops[key]) for key, x in zip(ids, found, strict=True))


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
    found = [x for x in layers if _maps(x)]
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
    chosen = [x for x in spatial if x.kind in ACTIVATIONS]
    chosen = chosen or [x for x in spatial if "Conv" in x.kind]
    return chosen[len(chosen) // 2].name if chosen else None


def walk(model: keras.Model, input_shape: tuple[int, int, int] | None = None) -> Iterator[Step]:
    """All uses of layers and operations on the way from the input to the output, inputs first."""
    numbers, shape = count(), concrete_shape(model, input_shape)
    yield from _walk(model, [(next(numbers), shape)], "", (), numbers)


Tensor = tuple[int, tuple[int, ...]]  # its number and its shape


def _walk(
    model: keras.Model, given: list[Tensor], prefix: str, turn: tuple[int, ...], numbers: count
) -> Generator[Step, None, list[Tensor]]:
    """Steps inside one model, which is called with the tensors ``given``; returns its outputs."""
    known = {id(tensor): pair for tensor, pair in zip(model.inputs, given, strict=True)}
    turns = _turns(model)
    for operation, node in nodes(model):
        name, now = prefix + operation.name, (*turn, turns.get(id(node), -1))
        given_here = all(id(tensor) in known for tensor in node.output_tensors)
        inputs = [] if given_here else [known[id(tensor)] for tensor in node.input_tensors]
        if given_here:
            made = [known[id(tensor)] for tensor in node.output_tensors]
            if prefix:  # inside a nested model the input is what comes from outside
                continue
        elif opens(operation):
            made = yield from _walk(operation, inputs, name + "/", now, numbers)
        else:
            shapes = {id(t): known[id(t)][1] for t in node.input_tensors}
            made = [(next(numbers), shape) for shape in _output_shapes(operation, node, shapes)]
        known |= {id(t): pair for t, pair in zip(node.output_tensors, made, strict=True)}
        if not opens(operation):
            places, shapes = zip(*inputs, strict=True) if inputs else ((), ())
            yield Step(name, operation, places, shapes, *zip(*made, strict=True), now)
    return [known[id(tensor)] for tensor in model.outputs]


def opens(operation: keras.Operation) -> bool:
    """Whether this is a model with a graph of its own, whose layers can be looked at one by one."""
    return isinstance(operation, keras.Model) and bool(getattr(operation, "outputs", None))


def nodes(model: keras.Model) -> list[tuple[keras.Operation, Node]]:
    """Operations with the node of each use, sorted so that inputs come first."""
    found: dict[int, tuple[keras.Operation, Node]] = {}
    ends = {id(tensor) for tensor in model.inputs}
    waiting = [(tensor, False) for tensor in reversed(model.outputs)]
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


def count_uses(model: keras.Model) -> Counter[int]:
    """How often an image passes each operation, by ``id``; those in nested models too."""
    uses: Counter[int] = Counter()
    for operation, _ in nodes(model):
        uses.update(count_uses(operation) if opens(operation) else (id(operation),))
    return uses


def _turns(model: keras.Model) -> dict[int, int]:
    """The order in which Keras runs the nodes of a model: the deepest first."""
    graph = getattr(model, "_functional", None) or model
    by_depth = graph._nodes_by_depth
    in_order = (node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth])
    return {id(node): i for i, node in enumerate(in_order)}


def _output_shapes(
    operation: keras.Operation, node: Node, shapes: dict[int, tuple[int, ...]]
) -> list[tuple[int, ...]]:
    known = [tuple(tensor.shape[1:]) for tensor in node.output_tensors]
    if not any(None in shape for shape in known):
        return known
    stand_in = {
        id(t): keras.KerasTensor((1, *shapes[id(t)]), dtype=t.dtype) for t in node.input_tensors
    }
    args, kwargs = node.arguments.fill_in(stand_in)
    made = keras.tree.flatten(operation.compute_output_spec(*args, **kwargs))
    return [tuple(tensor.shape[1:]) for tensor in made]


def _maps(layer: Layer) -> bool:
    """Whether a layer has found something, and where: not if it only prepares the pixels."""
    prepares = layer.kind in _PREPARES or layer.kind.startswith("Random")
    return layer.spatial and not prepares and layer.kind not in _INVISIBLE
