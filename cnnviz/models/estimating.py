"""How large a network would become, by its description alone: nothing is built."""

from __future__ import annotations

import math

_GATES = {"LSTM": 4, "LSTMCell": 4, "GRU": 3, "GRUCell": 3, "SimpleRNN": 1, "SimpleRNNCell": 1}
_GATES |= {"ConvLSTM1D": 4, "ConvLSTM2D": 4}
_ATTENTION = ("MultiHeadAttention", "GroupQueryAttention")
_COUNTS = ("units", "filters", "depth_multiplier")


def parameters(part: dict) -> int:
    """About how many parameters a layer would have; 0 where its description does not tell."""
    config, built = part.get("config"), part.get("build_config")
    if not isinstance(config, dict):
        return 0
    shape = built.get("input_shape") if isinstance(built, dict) else None
    before = shape[-1] if isinstance(shape, list) and shape else 1
    before = max(before, 1) if isinstance(before, int) else 1
    kind = part.get("class_name")

    def size(*keys: str) -> int:
        return math.prod(_number(v) for key in keys for v in _listed(config.get(key)))

    if kind == "Embedding":
        return size("input_dim", "output_dim")
    if kind in _ATTENTION:
        heads = size("num_heads" if "num_heads" in config else "num_query_heads")
        key = "key_dim" if "key_dim" in config else "head_dim"
        return 4 * before * heads * max(size(key), size("value_dim"))
    if kind == "EinsumDense":
        return before * size("output_shape")
    if kind in _GATES:
        after = size("units", "filters")
        return _GATES[kind] * after * (before + after) * size("kernel_size")
    if not any(key in config for key in _COUNTS):
        return 0
    after = size(*_COUNTS)
    rank = size("lora_rank") if config.get("lora_rank") else 0
    return before * after * size("kernel_size") + rank * (before + after)


def calls(value: object) -> int:
    """How often parts are called while a network is built.

    A network inside another is called once for each of its inbound nodes, and with it all its
    parts: thirty networks, each of which holds the one before twice, are a thousand million calls.
    """
    if isinstance(value, list):
        return sum(map(calls, value))
    if not isinstance(value, dict):
        return 0
    inside = sum(calls(v) for key, v in value.items() if key != "inbound_nodes")
    if not isinstance(value.get("class_name"), str):
        return inside
    nodes = value.get("inbound_nodes")
    times = len(nodes) if isinstance(nodes, list) else 1
    return max(times, 1) * (1 + inside)


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def _number(value: object) -> int:
    """A size as Keras would understand it: whole, a fraction, or digits as text."""
    if isinstance(value, bool):
        return 1
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) < 20 else 1
    if isinstance(value, float):
        value = int(value) if math.isfinite(value) else 1
    return max(abs(value), 1) if isinstance(value, int) else 1
