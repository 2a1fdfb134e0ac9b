"""Which input pixels a unit can see, carried from layer to layer.

The arithmetic is that of Araujo, Norris, Sim: Computing Receptive Fields of Convolutional Neural
Networks (Distill, 2019). Where branches meet, the smallest window around both is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras

from cnnviz.models.cards import ReceptiveField

Shape = tuple[int, ...]

PIXEL = ReceptiveField((1, 1), (1, 1), (0, 0))

_WINDOWS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D")
_POINTWISE = (
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "ELU",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "LeakyReLU",
    "Normalization",
    "PReLU",
    "ReLU",
    "Rescaling",
    "SpatialDropout2D",
)
_MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")


def seen_by(
    operation: keras.Operation,
    fields: Sequence[ReceptiveField | None],
    input_shapes: Sequence[Shape],
    output_shape: Shape,
) -> ReceptiveField | None:
    """The receptive field of a layer's units, from those of its inputs.

    Shapes are without the batch, channels last. None stands for the whole image, and for units
    whose windows are not evenly spaced (after enlarging), as well as for layers we do not know.
    """
    kind = type(operation).__name__
    if kind == "InputLayer":
        return PIXEL
    if not fields or None in fields or len(output_shape) != 3:
        return None
    if getattr(operation, "data_format", "channels_last") == "channels_first":
        return None
    field = fields[0]
    if kind in _WINDOWS:
        return _through_window(operation, field, input_shapes[0])
    if kind == "ZeroPadding2D":
        (top, _), (left, _) = operation.padding
        return _moved(field, (-top, -left))
    if kind == "Cropping2D":
        (top, _), (left, _) = operation.cropping
        return _moved(field, (top, left))
    if kind in _MERGES:
        return _union(operation, fields, input_shapes)
    if kind in ("LayerNormalization", "Softmax"):
        axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
        return field if set(axes) <= {-1, 3} else None
    if kind in _POINTWISE or kind.startswith("Random"):  # augmentation rests outside training
        return field
    return None


def _through_window(
    operation: keras.layers.Layer, field: ReceptiveField, shape: Shape
) -> ReceptiveField:
    size, stride, start = [], [], []
    window = getattr(operation, "kernel_size", None) or operation.pool_size
    dilation = getattr(operation, "dilation_rate", (1, 1))
    for axis in (0, 1):
        steps = operation.strides[axis]
        reach = (window[axis] - 1) * dilation[axis]
        before = 0
        if operation.padding == "same":  # TensorFlow's: as little as needed, the odd pixel after
            outputs = -(-shape[axis] // steps)
            before = max((outputs - 1) * steps + reach + 1 - shape[axis], 0) // 2
        size.append(field.size[axis] + reach * field.stride[axis])
        stride.append(field.stride[axis] * steps)
        start.append(field.start[axis] - before * field.stride[axis])
    return ReceptiveField(tuple(size), tuple(stride), tuple(start))


def _moved(field: ReceptiveField, units: tuple[int, int]) -> ReceptiveField:
    start = tuple(s + n * step for s, n, step in zip(field.start, units, field.stride, strict=True))
    return ReceptiveField(field.size, field.stride, start)


def _union(
    operation: keras.layers.Layer,
    fields: Sequence[ReceptiveField],
    shapes: Sequence[Shape],
) -> ReceptiveField | None:
    """The smallest window around all branches; None where they do not lie on the same grid."""
    if any(f.stride != fields[0].stride for f in fields):
        return None
    if any(len(shape) != 3 or shape[:2] != shapes[0][:2] for shape in shapes):
        return None
    if type(operation).__name__ == "Concatenate" and operation.axis not in (-1, 3):
        return None
    start = tuple(min(f.start[axis] for f in fields) for axis in (0, 1))
    end = tuple(max(f.start[axis] + f.size[axis] for f in fields) for axis in (0, 1))
    size = tuple(e - s for s, e in zip(start, end, strict=True))
    return ReceptiveField(size, fields[0].stride, start)
