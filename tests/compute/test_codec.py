import contextlib
import json
import math
import random

import numpy as np
import pytest

from cnnviz.compute import codec


def same(a, b):
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray)
            and a.dtype.str == b.dtype.str
            and a.shape == b.shape
            and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
        )
    if isinstance(a, float) and math.isnan(a):
        return isinstance(b, float) and math.isnan(b)
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return (
            isinstance(b, list)
            and len(a) == len(b)
            and all(same(x, y) for x, y in zip(a, b, strict=True))
        )
    return type(a) is type(b) and a == b


ARRAYS = {
    "empty": np.zeros((0, 3), np.float32),
    "no dimensions": np.array(2.5),
    "strided": np.arange(40, dtype=np.int16).reshape(5, 8)[::2, ::-3],
    "Fortran order": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big endian": np.arange(5, dtype=">f8"),
    "not a number": np.array([np.nan, np.inf, -np.inf, -0.0], np.float32),
    "half": np.linspace(0, 1, 7, dtype=np.float16),
    "booleans": np.array([True, False, True]),
    "complex": np.array([1 + 2j]),
    "read-only": np.broadcast_to(np.uint8(7), (3, 4)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_as_they_were(name):
    array = ARRAYS[name]
    back = codec.decode(codec.encode({"a": array, "b": [array]}))
    assert same(array, back["a"]) and same(array, back["b"][0])
    assert not back["a"].flags.writeable


def test_a_message_of_every_kind():
    value = {
        "$": ["array", "<f4", [1], 4],  # looks like one of our own marks
        "nested": {"$": 1, "x": [None, True, False, 0, -(2**70), 1.5, "é “😀” \ud800"]},
        "bytes": b"\x00\xff",
        "numbers": [math.inf, math.nan],
        "": {},
    }
    assert same(value, codec.decode(codec.encode(value)))


def test_tuples_become_lists_and_scalars_python_numbers():
    value = (np.float32(0.5), np.int64(3), np.bool_(True), bytearray(b"a"))
    assert same([0.5, 3, True, b"a"], codec.decode(codec.encode(value)))


def random_value(rng, depth=0):
    kind = rng.randrange(9 if depth < 4 else 7)
    if kind < 4:
        return rng.choice([None, True, rng.randrange(-(10**12), 10**12), rng.random(), "text", ""])
    if kind == 4:
        return rng.randbytes(rng.randrange(20))
    if kind < 7:
        shape = [rng.randrange(4) for _ in range(rng.randrange(4))]
        dtype = rng.choice(["u1", "<i2", ">i4", "<f4", ">f8", "?", "<c8", "<f2", "<u8"])
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        raw = rng.randbytes(size) if dtype != "?" else bytes(rng.choices([0, 1], k=size))
        return np.frombuffer(raw, dtype).reshape(shape).T
    if kind == 7:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(5))]
    keys = rng.sample(["$", "a", "b", "longer key", "é"], rng.randrange(5))
    return {key: random_value(rng, depth + 1) for key in keys}


def test_random_values_come_back():
    rng = random.Random(7)
    for _ in range(500):
        value = random_value(rng)
        assert same(value, codec.decode(codec.encode(value))), value


@pytest.mark.parametrize(
    "value",
    [
        np.array([object()]),
        np.array(["text"]),
        np.zeros(2, [("a", "f4")]),
        np.array(["2026-01-01"], "M8[D]"),
        {1: "key"},
        {1, 2},
        object(),
        RuntimeError("x"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_anything_else_is_refused(value):
    with pytest.raises(TypeError):
        codec.encode({"value": value})


def test_objects_cannot_be_smuggled_in():
    header = json.dumps({"$": ["array", "|O8", [1], 8]}).encode()
    forged = codec.MAGIC + len(header).to_bytes(8, "little") + header + bytes(16)
    with pytest.raises(ValueError, match="damaged"):
        codec.decode(forged)


def test_every_truncation_is_noticed():
    data = codec.encode({"a": np.arange(10.0), "b": b"123", "c": "text"})
    for length in range(len(data)):
        with pytest.raises(ValueError):
            codec.decode(data[:length])


def test_damage_raises_value_error_and_nothing_else():
    data = codec.encode({"a": np.arange(4.0), "b": [b"1", {"$": 2}]})
    rng = random.Random(3)
    for _ in range(2000):
        damaged = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        with contextlib.suppress(ValueError):
            codec.decode(bytes(damaged))
