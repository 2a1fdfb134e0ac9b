"""How much memory a question needs at least, told from the model's card before anything is loaded.

Lower bounds: weights twice (the file's and the network's), and the outputs of layers that are alive
at the same moment. What is refused here could not have been answered; what slips through is ended
by the engine's watch over the workers.
"""

from __future__ import annotations

from cnnviz import machine
from cnnviz.compute.sizing import WORKER_BYTES
from cnnviz.errors import CnnvizError, NotPossible
from cnnviz.models.batching import images_at_once
from cnnviz.models.cards import Card
from cnnviz.models.references import ModelReference

_FLOAT = 4  # bytes
_KEPT = 0.5  # of all layers' outputs on the way back: what is fused with others is not kept
_PICTURE_PIXELS = 128 * 96 * 96  # of pictures of filters that are made at once

# Questions that show a network many images at a time; how many depends on their size.
_PASSES = {
    *("evaluate", "measures", "causes", "neighbours", "parting", "class_examples"),
    *("embedding", "place_image", "projector", "layer_separation", "layer_maps"),
}
# Questions that go back through a network from one image at a time or more.
_GRADIENTS = {"heatmaps", "heatmap_table", "gallery_heatmaps", "home", "channel_contributions"}


def memory_needs(name: str, parameters: dict, card: Card) -> int:
    """Bytes that a worker takes up at least while it answers a question about a model."""
    needed = card.widest
    if name in _PASSES:
        needed *= images_at_once(card)
    elif name in _GRADIENTS:
        needed = sum(layer.values for layer in card.layers) * _KEPT
    elif name == "filters":
        needed = _pictures_at_once(parameters, card) * _up_to(parameters.get("layer"), card) * _KEPT
    return WORKER_BYTES + int(_FLOAT * (2 * card.parameters + needed))


def check_memory(name: str, parameters: dict, limit: int) -> None:
    """Raise NotPossible where a question needs more memory than one may take, or than is free.

    Args:
        name: of the question.
        parameters: its complete parameters; without a ``model`` nothing is checked here.
        limit: bytes that one worker may take up.
    """
    if not isinstance(parameters.get("model"), str):
        return
    try:
        card = ModelReference.parse(parameters["model"]).card
        needs = memory_needs(name, parameters, card)
    except CnnvizError:
        return  # the worker says what is wrong with it
    if needs > limit:
        raise NotPossible(
            "This needs about {needs} MB of memory, and there are {limit} MB for one question on "
            "this server. Choose a smaller network, or one that takes smaller images.",
            needs=needs // 10**6,
            limit=limit // 10**6,
        )
    free = machine.free_memory()
    if needs - WORKER_BYTES > free:
        raise NotPossible(
            "This needs about {needs} MB of memory, and at the moment only {free} MB are free. "
            "Try again when less is going on.",
            needs=(needs - WORKER_BYTES) // 10**6,
            free=int(max(free, 0)) // 10**6,
        )


def _pictures_at_once(parameters: dict, card: Card) -> float:
    """How many pictures are made together, in pictures of the network's own input size."""
    own = card.input_shape[0] * card.input_shape[1]
    side = parameters.get("size")
    pixels = side * side if isinstance(side, int) else own
    channels = parameters.get("channels")
    wanted = len(channels) if isinstance(channels, list) else 1
    return min(wanted, max(1, _PICTURE_PIXELS // max(pixels, 1))) * pixels / max(own, 1)


def _up_to(layer: object, card: Card) -> int:
    """Values that the layers up to one put out for an image, that one included."""
    total = 0
    for known in card.layers:
        total += known.values
        if known.name == layer:
            break
    return total
