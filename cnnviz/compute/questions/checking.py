"""Parameters come from links: everything is checked before it is used."""

from __future__ import annotations

import numpy as np

from cnnviz.datasets.image_references import open_image
from cnnviz.errors import BadInput, NotPossible
from cnnviz.models.cards import Card, Layer

MOST_CHANNELS = 256


def number(value: object, name: str, low: int, high: int) -> int:
    """A whole number between two limits; raises BadInput."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadInput(
            "“{name}” has to be a whole number from {low} to {high}.",
            name=name,
            low=low,
            high=high,
        )
    return value


def optional_number(value: object, name: str, low: int, high: int) -> int | None:
    """Like ``number``; None stays None."""
    return None if value is None else number(value, name, low, high)


def choice(value: object, name: str, known: tuple[str, ...]) -> str:
    """One of some words; raises BadInput."""
    if value not in known:
        raise BadInput("“{name}” has to be one of: {known}.", name=name, known=", ".join(known))
    return value


def text(value: object, name: str, longest: int = 200) -> str:
    """A text that is not too long; raises BadInput."""
    if not isinstance(value, str) or len(value) > longest:
        raise BadInput(
            "“{name}” has to be a text of at most {longest} characters.",
            name=name,
            longest=longest,
        )
    return value


def numbers(value: object, name: str, high: int, most: int = MOST_CHANNELS) -> list[int]:
    """A list of 1 to ``most`` different whole numbers from 0 to ``high``; raises BadInput."""
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise BadInput(
            "“{name}” has to be a list of 1 to {most} numbers.",
            name=name,
            most=most,
        )
    checked = [number(v, name, 0, high) for v in value]
    return list(dict.fromkeys(checked))


def layer_of(card: Card, name: object) -> Layer:
    """The layer of that name; raises BadInput or NotFound."""
    return card.layer(text(name, "layer"))


def spatial_layer_of(card: Card, name: object) -> Layer:
    """The layer of that name, which must have more than one position."""
    layer = layer_of(card, name)
    if not layer.spatial:
        raise NotPossible(
            "The layer “{layer}” has no positions any more, so there is no picture of it. Choose "
            "an earlier one.",
            layer=layer.name[:60],
        )
    return layer


def image(reference: object) -> np.ndarray:
    """The pixels (h, w, c) uint8 behind an image reference; raises NotFound, BadInput."""
    return open_image(text(reference, "image")).image


def pick(order: np.ndarray, count: int) -> list[int]:
    """The first ``count`` of an ordering as Python numbers."""
    return [int(i) for i in order[:count]]
