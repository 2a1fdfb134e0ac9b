"""How much arithmetic a layer does for one image.

Convention: a multiplication and an addition count as one operation each, so a convolution costs
2 · kernel · input channels per output value, plus one for its bias. Pooling costs one operation
per value under its window, normalisation and rescaling two per value (its constants are merged),
merging by addition and the like one per value and further branch. Activations, copying, padding
and reshaping count nothing.
"""

from __future__ import annotations

from math import prod

import keras

Shape = tuple[int, ...]


def count_flops(operation: keras.Operation, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Operations of one use of a layer; shapes are without the batch, channels last."""
    kind = type(operation).__name__
    values = prod(output)
    if kind in ("Conv1D", "Conv2D", "Conv3D"):
        per_value = 2 * prod(operation.kernel_size) * inputs[0][-1] // operation.groups
        return values * (per_value + operation.use_bias)
    if kind in ("DepthwiseConv1D", "DepthwiseConv2D"):
        return values * (2 * prod(operation.kernel_size) + operation.use_bias)
    if kind in ("SeparableConv1D", "SeparableConv2D"):
        between = inputs[0][-1] * operation.depth_multiplier  # channels after the depthwise half
        per_position = 2 * prod(operation.kernel_size) * between
        return values // output[-1] * per_position + values * (2 * between + operation.use_bias)
    if kind in ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"):
        per_input = 2 * prod(operation.kernel_size) * output[-1]
        return prod(inputs[0]) * per_input + values * operation.use_bias
    if kind == "Dense":
        return values * (2 * inputs[0][-1] + operation.use_bias)
    if kind.startswith(("MaxPooling", "AveragePooling")):
        return values * prod(operation.pool_size)
    if kind.startswith(("GlobalAveragePooling", "GlobalMaxPooling")):
        return prod(inputs[0])
    if kind.endswith("Normalization") or kind == "Rescaling":
        return 2 * values
    if kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        return (len(inputs) - 1) * values
    return 0
