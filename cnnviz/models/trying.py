"""One image through a stranger's network before anybody works with it.

What a description does not tell shows here: maps that grow to gigabytes between small ends, more
arithmetic than a lesson is long, parts that do not fit each other.
"""

from __future__ import annotations

from math import prod
from pathlib import Path

import keras
import numpy as np

from cnnviz.errors import BadModel
from cnnviz.models.flops import count_flops
from cnnviz.models.structure import concrete_shape, walk
from cnnviz.models.vetting_words import shown

MAX_VALUES = 250_000_000  # of one layer for one image: a gigabyte
MAX_FLOPS = 2_000_000_000_000  # for one image; the largest networks of Keras take a tenth


def try_once(network: keras.Model, path: Path) -> None:
    """Answer for one black image, within bounds.

    Args:
        network: with one input (n, h, w, c); open sides count as 224.
        path: of its file, for its name.

    Raises:
        BadModel: a layer's answer would fill the memory, an answer would take minutes, or there is
            none.
    """
    shape = concrete_shape(network)
    try:
        steps = list(walk(network, shape))
    except Exception as error:  # Keras lets through whatever its layers raise
        if None in network.inputs[0].shape[1:]:
            return  # it may be meant for another size
        raise _no_answer(path, error) from error
    values = max(prod(step.output_shape) for step in steps)
    flops = sum(count_flops(s.operation, s.input_shapes, s.output_shape) for s in steps)
    if values > MAX_VALUES:
        raise BadModel(
            "One layer of the network in “{name}” makes {count} million numbers of a single image; "
            "at most {limit} million can be worked with here.",
            name=shown(path),
            count=f"{min(values // 1_000_000, 10**12):,}",
            limit=MAX_VALUES // 1_000_000,
        )
    if flops > MAX_FLOPS:
        raise BadModel(
            "The network in “{name}” needs {count} thousand million operations for a single image; "
            "at most {limit} thousand million can be waited for here.",
            name=shown(path),
            count=f"{min(flops // 1_000_000_000, 10**12):,}",
            limit=MAX_FLOPS // 1_000_000_000,
        )
    try:
        network(np.zeros((1, *shape), np.float32), training=False)
    except MemoryError:
        raise
    except Exception as error:
        if None not in network.inputs[0].shape[1:]:
            raise _no_answer(path, error) from error


def _no_answer(path: Path, error: Exception) -> BadModel:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return BadModel(
        "The network in “{name}” cannot answer for a single image. Keras says: {reason}",
        name=shown(path),
        reason=lines[0][:160],
    )
