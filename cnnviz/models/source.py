"""A Keras network as Python source: one line a layer, as a person would write it.

Only what differs from a layer's defaults is written. A model inside the network becomes a file that
the source loads, because nobody wants to read 200 lines that stand for somebody else's network.
"""

from __future__ import annotations

import inspect
import keyword
import re
import textwrap
from collections import Counter

import keras

WIDTH = 88  # characters of a line, without its comment
_SHOWN_ANYWAY = {"MaxPooling2D": ("pool_size",), "AveragePooling2D": ("pool_size",)}
_NEVER = frozenset({"name", "dtype", "trainable", "seed", "data_format"})


def network_source(
    model: keras.Model,
    *,
    first: tuple[str, ...] = (),
    float32: tuple[str, ...] = (),
) -> str:
    """Statements that build ``model`` again under the name ``model``, with fresh weights.

    Every line says in a comment which shape comes out of the layer and how many parameters it has.
    The source expects ``keras`` and ``layers``, and for every model inside this one
    (:func:`inner_models`) a variable of that name.

    Args:
        model: functional, with one input and one output, of layers that Keras brings.
        first: expressions of layers to put right behind the input (augmentation).
        float32: names of layers to write with ``dtype="float32"`` (under mixed precision).
    """
    config = model.get_config()
    inner = set(inner_models(model))
    input_name, output_name = _end(config["input_layers"]), _end(config["output_layers"])
    entries = _in_order(config["layers"], output_name)
    follows = _follows(entries)
    variables = {input_name: "inputs"}
    shape = tuple(model.inputs[0].shape[1:])
    lines = [f"inputs = keras.Input({shape!r}, name={input_name!r})".replace("'", '"')]
    if first:
        lines += [f"x = {first[0]}(inputs)", *(f"x = {layer}(x)" for layer in first[1:])]
        variables[input_name] = "x"
    for entry in entries:
        name = entry["name"]
        if name == input_name:
            continue
        layer = model.get_layer(name)
        if name == output_name:
            variables[name] = "outputs"
        else:
            variables[name] = "x" if follows[name] else _identifier(name, inner)
        written = name if name in inner else _constructor(layer, name in float32)
        call = _call(entry["inbound_nodes"][0], variables, name in inner)
        lines.append(_line(variables[name], written, call, _fact(layer)))
    lines.append(f'model = keras.Model(inputs, outputs, name="{model.name}")')
    return "\n".join(lines)


def inner_models(model: keras.Model) -> dict[str, keras.Model]:
    """The models that are layers of this one, by name."""
    return {layer.name: layer for layer in model.layers if isinstance(layer, keras.Model)}


def _end(ends: list) -> str:
    """The name of the only input or output layer; Keras writes one as ``[name, 0, 0]``."""
    return ends[0] if isinstance(ends[0], str) else ends[0][0]


def _in_order(entries: list[dict], output: str) -> list[dict]:
    """The layers as a person writes them: a branch to its end before the next one begins."""
    by_name = {entry["name"]: entry for entry in entries}
    found: dict[str, dict] = {}

    def visit(name: str) -> None:
        if name in found:
            return
        for node in by_name[name]["inbound_nodes"]:
            for source in _node_sources(node):
                visit(source)
        found[name] = by_name[name]

    visit(output)
    return list(found.values())


def _follows(entries: list[dict]) -> dict[str, bool]:
    """Whether a layer's output goes into the next layer and nowhere else."""
    uses, after = Counter(), {}
    for position, entry in enumerate(entries):
        for node in entry["inbound_nodes"]:
            sources = _node_sources(node)
            uses.update(sources)
            if position and entries[position - 1]["name"] in sources:
                after[entries[position - 1]["name"]] = True
    return {e["name"]: uses[e["name"]] == 1 and e["name"] in after for e in entries}


def _node_sources(node: dict) -> list[str]:
    return _sources(node["args"]) + _sources(list(node["kwargs"].values()))


def _sources(value: object) -> list[str]:
    """The layers whose outputs are found anywhere in a node's arguments."""
    if isinstance(value, list | tuple):
        return [name for item in value for name in _sources(item)]
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return [value["config"]["keras_history"][0]]
    return []


def _call(node: dict, variables: dict[str, str], inner: bool) -> str:
    """What stands in the second pair of brackets.

    Keras notes ``training=False`` for every layer that knows it; for a model inside this one it
    was somebody's wish (batch normalisation stays as it is).
    """
    given = [_argument(value, variables) for value in node["args"]]
    given += [
        f"{name}={_argument(value, variables)}"
        for name, value in node["kwargs"].items()
        if value is not None and name != "mask" and (inner or name != "training")
    ]
    return ", ".join(given)


def _argument(value: object, variables: dict[str, str]) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_argument(item, variables) for item in value)}]"
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return variables[value["config"]["keras_history"][0]]
    return _value(value)


def _constructor(layer: keras.layers.Layer, float32: bool) -> str:
    """The expression that makes the layer, without what Keras assumes anyway."""
    kind, config = type(layer), layer.get_config()
    accepted = inspect.signature(kind.__init__).parameters
    named = [
        n
        for n, p in accepted.items()
        if n != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    needed = [n for n in named if accepted[n].default is inspect.Parameter.empty]
    usual = kind(**{n: config[n] for n in needed}).get_config()
    shown = (*needed, *_SHOWN_ANYWAY.get(kind.__name__, ()))
    given = [_value(config[n]) for n in shown]
    given += [
        f"{n}={_value(config[n])}"
        for n in named
        if n not in shown and n not in _NEVER and n in config and config[n] != usual.get(n)
    ]
    if config.get("trainable") is False:
        given.append("trainable=False")
    if float32:
        given.append('dtype="float32"')
    given.append(f'name="{layer.name}"')
    return f"layers.{kind.__name__}({', '.join(given)})"


def _value(value: object) -> str:
    """A setting as Python; equal pairs are one number, initialisers their short names."""
    if isinstance(value, dict) and "class_name" in value:
        settings = {k: v for k, v in (value.get("config") or {}).items() if v is not None}
        name = value["class_name"]
        if not settings:
            return f'"{re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()}"'
        place = str(value.get("module", "keras.initializers"))
        arguments = ", ".join(f"{k}={_value(v)}" for k, v in settings.items())
        return f"{place}.{name}({arguments})"
    if isinstance(value, list | tuple):
        if len(value) == 2 and value[0] == value[1] and isinstance(value[0], int):
            return str(value[0])
        parts = [_value(item) for item in value]
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    if isinstance(value, float):
        return "1 / 255" if value == 1 / 255 else f"{value!r}"
    if isinstance(value, str):
        return f'"{value}"'
    return repr(value)


def _identifier(name: str, taken: set[str]) -> str:
    """A layer's name as the name of a variable."""
    found = re.sub(r"\W", "_", name)
    plain = found.isidentifier() and not keyword.iskeyword(found) and found not in taken
    return found if plain and found not in _RESERVED else f"x_{found}"


_RESERVED = frozenset({"inputs", "outputs", "model", "layers", "keras", "np", "x", "data"})


def _fact(layer: keras.layers.Layer) -> str:
    """What comes out of the layer and what it has to learn."""
    shape = "×".join(str(side) for side in layer.output.shape[1:])
    count = layer.count_params()
    return f"{shape}, {count:,} parameters" if count else shape


def _line(target: str, constructor: str, call: str, fact: str) -> str:
    whole = f"{target} = {constructor}({call})"
    if len(whole) > WIDTH:
        opening, inside = constructor.split("(", 1)
        rows = textwrap.wrap(inside[:-1], WIDTH - 4, break_long_words=False, break_on_hyphens=False)
        indented = "".join(f"    {row}\n" for row in rows)
        whole = f"{target} = {opening}(\n{indented})({call})"
    return f"{whole}  # {fact}"
