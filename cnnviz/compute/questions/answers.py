"""Questions about one image's answer: ``predict`` and ``home``."""

from __future__ import annotations

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.defaults import three_layers
from cnnviz.compute.questions import checking
from cnnviz.compute.questions.maps import maps_of, quantise, shrink
from cnnviz.explanation.explain import explain
from cnnviz.models.cards import Card

HOME_TILES = 4
HOME_SIDE = 112
_ALIKE = 0.75  # correlation from which two maps count as the same picture


def predict(context: Context, model: str, image: str, top: int) -> dict:
    """The classes with the largest shares of the vote, largest first."""
    top = checking.number(top, "top", 1, 1000)
    opened = context.model(model)
    shares = opened.predict([checking.image(image)])[0]
    return classes_of(shares, opened.card, top)


def home(context: Context, model: str, image: str) -> dict:
    """One image on its way through the network: maps at three depths, heatmap, answer."""
    opened = context.model(model)
    prepared = opened.prepare([checking.image(image)])
    names = three_layers(opened.card)
    maps = maps_of(opened, prepared, names)
    columns = []
    for name in names:
        values = maps[name]
        channels = telling_channels(values, HOME_TILES)
        tiles, _, signed = quantise(shrink(values[:, :, channels], HOME_SIDE))
        columns.append(
            {
                "layer": name,
                "shape": list(values.shape),
                "tiles": tiles,
                "channels": channels,
                "signed": signed,
            }
        )
    answer = {"columns": columns, "heatmap": None, "layer": opened.card.heatmap_layer}
    if opened.card.heatmap_layer:
        answer["heatmap"] = explain(opened, prepared).raw[0]
    return {**answer, **classes_of(opened.predict(prepared)[0], opened.card, 5)}


def classes_of(shares: np.ndarray, card: Card, top: int) -> dict:
    """The answer of ``predict`` from probabilities (classes,)."""
    order = checking.pick(np.argsort(-shares, kind="stable"), top)
    return {
        "classes": [
            {"index": i, "name": card.class_names[i], "share": float(shares[i])} for i in order
        ],
        "total": len(shares),
    }


def telling_channels(values: np.ndarray, count: int) -> list[int]:
    """Channels that are active and look different from each other.

    Args:
        values: (h, w, c) one layer's output for one image.
        count: how many are wanted; fewer when the layer has fewer.

    The most active first (largest mean of the positive part, weighted by its contrast); a channel
    that correlates with a chosen one is taken only when nothing else is left.
    """
    flat = np.maximum(values.reshape(-1, values.shape[-1]), 0.0).T
    order = np.argsort(-flat.mean(axis=1) * flat.std(axis=1), kind="stable")
    centred = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1)
    chosen: list[int] = []
    for i in order[:256]:
        scale = length[chosen] * length[i]
        alike = np.abs(centred[chosen] @ centred[i]) > _ALIKE * scale
        if len(chosen) < count and not alike.any():
            chosen.append(int(i))
    rest = [int(i) for i in order if int(i) not in chosen]
    return (chosen + rest)[:count]
