"""The layers that everything passes: what a network knows of an image, stage after stage."""

from __future__ import annotations

from collections.abc import Sequence

from cnnviz.models.cards import Card, Layer

_QUIET = (
    "InputLayer",
    "Rescaling",
    "Normalization",
    "CenterCrop",
    "Resizing",
    "Flatten",
    "Reshape",
)
_QUIET_ENDINGS = ("Normalization", "Dropout", "Noise", "Pooling1D", "Pooling2D", "Padding2D")
_BENDS = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "GELU")


def main_path(card: Card, most: int | None = None) -> tuple[Layer, ...]:
    """Layers up to the classifier's input through which everything passes that comes after them.

    Layers inside a branch or beside a shortcut are left out: what they hold is only a part. So are
    those that are unfinished (a normalisation or an activation follows), and those that only
    rescale, pool, pad or drop.

    Args:
        card: of the network.
        most: at most this many, evenly spaced, with the first and the last.
    """
    layers = _up_to_head(card)
    places = {layer.name: i for i, layer in enumerate(layers)}
    reach = 0  # how far the layers before this one are still read
    readers: dict[str, list[Layer]] = {layer.name: [] for layer in layers}
    furthest = dict.fromkeys(places, 0)
    for place, layer in enumerate(layers):
        for name in layer.inputs:
            if name in readers:
                readers[name].append(layer)
                furthest[name] = place
    found = []
    for place, layer in enumerate(layers):
        last = place == len(layers) - 1
        if reach <= place and not _quiet(layer) and (last or not _unfinished(readers[layer.name])):
            found.append(layer)
        reach = max(reach, furthest[layer.name])
    if most is None or len(found) <= most:
        return tuple(found)
    steps = (round(i * (len(found) - 1) / (most - 1)) for i in range(most))
    return tuple(found[i] for i in steps)


def _up_to_head(card: Card) -> Sequence[Layer]:
    names = [layer.name for layer in card.layers]
    if card.feature_layer not in names:
        return card.layers
    return card.layers[: names.index(card.feature_layer) + 1]


def _quiet(layer: Layer) -> bool:
    return layer.kind in _QUIET or layer.kind.endswith(_QUIET_ENDINGS)


def _unfinished(readers: Sequence[Layer]) -> bool:
    """Whether what a layer returns is bent or normalised before anything else reads it."""
    return bool(readers) and all(
        r.kind.endswith("Normalization") or r.kind in _BENDS for r in readers
    )
