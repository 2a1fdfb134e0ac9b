"""Networks with several answers: the part that leads to one of them."""

from __future__ import annotations

import keras

from cnnviz.errors import BadModel


def outputs_to_choose(model: keras.Model) -> dict[str, int]:
    """The names of the outputs that can tell classes apart, with their places among all."""
    layers = [tensor._keras_history.operation.name for tensor in model.outputs]
    known = getattr(model, "output", None)  # a sequential model knows it only as a part of another
    names = list(known) if isinstance(known, dict) else layers
    return {
        name: place
        for place, (name, tensor) in enumerate(zip(names, model.outputs, strict=True))
        if _tells_classes(tensor.shape)
    }


def one_output(model: keras.Model, output: str | int | None, title: str) -> keras.Model:
    """The part of a network that leads to one output, which is (n, classes).

    Args:
        model: functional or sequential.
        output: its name or its place among all (from 0); may be None where only one of them can
            tell classes apart.
        title: what the network is called.

    Raises:
        BadModel: there is no such output, or there are several and none was chosen.
    """
    place = _place(outputs_to_choose(model), output, title)
    tensor = model.outputs[place]
    packed = isinstance(getattr(model, "output", None), dict | list | tuple)
    if not packed and len(model.outputs) == 1 and len(tensor.shape) == 2:
        return model
    if len(tensor.shape) > 2:
        tensor = keras.layers.Flatten(name="answer_flat")(tensor)
    return keras.Model(model.inputs[0], tensor, name=model.name)


def _tells_classes(shape: tuple[int | None, ...]) -> bool:
    """(n, classes), or (n, 1, 1, classes) of a network of convolutions only."""
    return len(shape) >= 2 and shape[-1] is not None and tuple(shape[1:-1]) in ((), (1, 1))


def _place(names: dict[str, int], output: str | int | None, title: str) -> int:
    if output is None and len(names) == 1:
        return next(iter(names.values()))
    if output in names:
        return names[output]
    if output in names.values() and not isinstance(output, bool):
        return output
    if output is None:
        raise BadModel(
            "The network in “{name}” has several outputs. Choose one of: {outputs}.",
            name=title,
            outputs=", ".join(names),
        )
    raise BadModel(
        "The network in “{name}” has no output “{output}” that tells classes apart. Choose one "
        "of: {outputs}.",
        name=title,
        output=str(output)[:40],
        outputs=", ".join(names),
    )
