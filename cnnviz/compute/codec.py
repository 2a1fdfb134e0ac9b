"""What crosses a process border, as bytes: JSON for the structure, raw buffers for the arrays.

Never pickle: reading a message must not be able to run or import anything (unpickling a TensorFlow
exception imports TensorFlow).

Layout: 4 bytes magic, 8 bytes length of the header (little endian), the header (UTF-8 JSON), then
the buffers, each starting at a multiple of 8 bytes. In the header ``{"$": [...]}`` stands for what
JSON lacks.
"""

from __future__ import annotations

import json
import re
import struct

import numpy as np

MAGIC = b"cnv1"
Value = None | bool | int | float | str | bytes | list | dict | np.ndarray

_START = struct.Struct("<4sQ")
_ALIGNMENT = 8
_DTYPE = re.compile(r"[<>|][biufc][0-9]{1,2}")


def encode(value: Value) -> bytes:
    """Bytes for None, booleans, numbers, texts, bytes, lists, tuples, dicts and arrays of numbers.

    Tuples come back as lists, NumPy scalars as Python numbers, arrays as they were: shape, type and
    byte order, in C order.

    Raises:
        TypeError: something else is inside, such as an array of objects or a key that is no text.
    """
    buffers: list[bytes | memoryview] = []
    header = json.dumps(_pack(value, buffers), separators=(",", ":"), ensure_ascii=False)
    text = header.encode("utf-8", "surrogatepass")
    parts = [_START.pack(MAGIC, len(text)), text]
    position = _START.size + len(text)
    for buffer in buffers:
        padding = -position % _ALIGNMENT
        parts += [bytes(padding), buffer]
        position += padding + len(buffer)
    return b"".join(parts)


def decode(data: bytes) -> Value:
    """The value that ``encode`` was given. Arrays are read-only views into ``data``.

    Raises:
        ValueError: the bytes are damaged or of something else.
    """
    try:
        magic, length = _START.unpack_from(data)
        if magic != MAGIC or _START.size + length > len(data):
            raise ValueError("not a message of ours")
        text = bytes(data[_START.size : _START.size + length])
        header = json.loads(text.decode("utf-8", "surrogatepass"))
        return _Unpacker(data, _START.size + length).unpack(header)
    except (struct.error, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"a damaged message: {error}") from None


def _pack(value: Value, buffers: list) -> object:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value)
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("the keys of a dict must be texts")
        packed = {key: _pack(item, buffers) for key, item in value.items()}
        return {"$": ["dict", packed]} if "$" in packed else packed
    if isinstance(value, list | tuple):
        return [_pack(item, buffers) for item in value]
    if isinstance(value, np.ndarray):
        if not _DTYPE.fullmatch(value.dtype.str):
            raise TypeError(f"an array of {value.dtype} cannot be sent")
        raw = value.tobytes()
        buffers.append(raw)
        return {"$": ["array", value.dtype.str, list(value.shape), len(raw)]}
    if isinstance(value, bytes | bytearray | memoryview):
        raw = bytes(value)
        buffers.append(raw)
        return {"$": ["bytes", len(raw)]}
    raise TypeError(f"a {type(value).__name__} cannot be sent")


class _Unpacker:
    """Walks the header in the order in which it was packed, so buffers follow one another."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data, self._position = data, position

    def unpack(self, value: object) -> Value:
        if isinstance(value, list):
            return [self.unpack(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$" not in value:
            return {key: self.unpack(item) for key, item in value.items()}
        kind, *rest = value["$"]
        if kind == "dict":
            return {key: self.unpack(item) for key, item in rest[0].items()}
        if kind == "bytes":
            return bytes(self._take(rest[0]))
        if kind == "array":
            return self._array(*rest)
        raise ValueError(f"a damaged message: {kind!r}")

    def _take(self, length: int) -> memoryview:
        start = self._position + -self._position % _ALIGNMENT
        if length < 0 or start + length > len(self._data):
            raise ValueError("a damaged message: it is too short")
        self._position = start + length
        return memoryview(self._data)[start : start + length]

    def _array(self, dtype: str, shape: list[int], length: int) -> np.ndarray:
        if not _DTYPE.fullmatch(dtype):
            raise ValueError(f"a damaged message: array of {dtype!r}")
        array = np.frombuffer(self._take(length).toreadonly(), dtype=np.dtype(dtype))
        return array.reshape(shape)
