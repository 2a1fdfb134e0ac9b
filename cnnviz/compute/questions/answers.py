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
    """Channels that show something, and look different from each other.

    Args:
        values: (h, w, c) one layer's output for one image.
        count: how many are wanted; fewer when the layer has fewer.

    A channel shows something where it has contrast (its spread against its largest value) and its
    neighbouring places agree (the correlation of the map with itself one place further), for noise
    and maps that are full everywhere tell nothing. One that correlates with a chosen one is taken
    only when nothing else is left.
    """
    maps = np.maximum(np.moveaxis(values, -1, 0), 0.0)
    flat = maps.reshape(len(maps), -1)
    contrast = flat.std(axis=1) / np.maximum(flat.max(axis=1), 1e-12)
    agreement = (
        _neighbours(maps[:, :, :-1], maps[:, :, 1:]) + _neighbours(maps[:, :-1], maps[:, 1:])
    ) / 2
    order = np.argsort(-contrast * np.maximum(agreement, 0.0), kind="stable")
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


def _neighbours(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """The correlation (c,) of maps (c, h, w) with the same maps shifted; 0 for flat ones."""
    here, there = (x.reshape(len(x), -1) for x in (here, there))
    here, there = (x - x.mean(axis=1, keepdims=True) for x in (here, there))
    scale = np.linalg.norm(here, axis=1) * np.linalg.norm(there, axis=1)
    return (here * there).sum(axis=1) / np.maximum(scale, 1e-12)
