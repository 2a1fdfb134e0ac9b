"""Questions about what the channels of a layer respond to in an image."""

from __future__ import annotations

import cv2
import numpy as np
import tensorflow as tf

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.inference.layers import as_batch, run_through
from cnnviz.models.model import Model


def feature_maps(
    context: Context, model: str, image: str, layer: str, limit: int, offset: int, side: int
) -> dict:
    """A layer's channels as small pictures, in natural order.

    Signed layers: 128 + 127·v / |v|max of the channel; others 255·v / max of the channel. ``scale``
    is that maximum. A dead channel is zero everywhere in this image.
    """
    limit = checking.number(limit, "limit", 1, checking.MOST_CHANNELS)
    offset = checking.number(offset, "offset", 0, 1_000_000)
    side = checking.number(side, "side", 1, 128)
    opened = context.model(model)
    name = checking.layer_of(opened.card, layer).name
    values = maps_of(opened, opened.prepare([checking.image(image)]), (name,))[name]
    channels = list(range(values.shape[-1]))[offset : offset + limit]
    scale = np.abs(values).max(axis=(0, 1), initial=0.0)
    signed = bool(values.min(initial=0.0) < 0)
    small = shrink(values[:, :, channels], side)
    tiles, scale, signed = quantise(small, scale[channels], signed)
    return {
        "tiles": tiles,
        "scale": scale,
        "channels": channels,
        "dead": [bool(s == 0) for s in scale],
        "signed": signed,
        "shape": list(values.shape),
    }


def channel_map(context: Context, model: str, image: str, layer: str, channel: int) -> dict:
    """One channel's values (h, w) float32 at the layer's resolution."""
    opened = context.model(model)
    name = checking.layer_of(opened.card, layer).name
    values = maps_of(opened, opened.prepare([checking.image(image)]), (name,))[name]
    channel = checking.number(channel, "channel", 0, values.shape[-1] - 1)
    values = np.ascontiguousarray(values[:, :, channel])
    statistics = {k: float(getattr(values, k)()) for k in ("max", "min", "mean")}
    return {"values": values, **statistics}


def maps_of(model: Model, prepared: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Layers' outputs (h, w, c) float32 for one prepared image; (1, 1, units) after flattening.

    Not compiled: for one image that costs a tenth of a second in a large network, compiling each
    new layer somebody looks at costs several.
    """
    images = tf.constant(as_batch(model.keras_model, prepared[:1]))
    outputs = run_through(model.keras_model, images, names, stop=True).outputs
    found = {}
    for name in names:
        values = np.asarray(outputs[name], np.float32)[0]
        found[name] = values if values.ndim == 3 else values.reshape(1, 1, -1)
    return found


def shrink(values: np.ndarray, side: int) -> np.ndarray:
    """Maps (h, w, c) whose longer side is at most ``side``: averages of the areas."""
    height, width, channels = values.shape
    if max(height, width) <= side or not channels:
        return values
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    planes = np.ascontiguousarray(np.moveaxis(values, 2, 0))
    small = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes]
    return np.stack(small, axis=-1)


def quantise(
    values: np.ndarray, scale: np.ndarray | None = None, signed: bool | None = None
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Maps (h, w, c) as uint8 tiles (c, h, w), each channel on its own scale.

    Args:
        values: float32.
        scale: (c,) the value that becomes 255; the channel's largest magnitude when None.
        signed: whether 128 is zero; whether anything is negative when None.

    Returns:
        tiles, scale (c,) float32, signed.
    """
    if scale is None:
        scale = np.abs(values).max(axis=(0, 1), initial=0.0)
    if signed is None:
        signed = bool(values.min(initial=0.0) < 0)
    shares = values / np.where(scale > 0, scale, 1.0)
    levels = 128 + 127 * shares if signed else 255 * shares
    tiles = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(tiles, 2, 0)), scale.astype(np.float32), signed
