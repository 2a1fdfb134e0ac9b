"""What the pages ask first. The answers of shipped models to these are made beforehand, so a page
that asks exactly this has its first picture at once (``tools/precompute.py``)."""

from __future__ import annotations

from cnnviz.models.cards import Card, Layer
from cnnviz.models.references import ModelReference

MODEL = "shipped:imagenet_efficientnet_lite0"
PHOTO = "photo:chelsea"
METHOD = "grad_cam"
TILES = 64
FILTERS = 12
FILTER_STEPS = 128
EMBEDDED = 2000
LAYERED = 1000  # images of the maps of layer after layer
SEARCHED = 2000  # images on which channels are measured, and that are searched for the strongest
LISTENED = 500  # images over which the channels' contributions to the classes are averaged

# The test image shown first: a seven, an ankle boot, a frog.
_SAMPLES = {
    "mnist": 0,
    "mnist_500": 0,
    "fashion_mnist": 0,
    "fashion_mnist_marked": 0,
    "cifar10": 7,
    "cifar10_animals": 7,
    "cifar10_noisy": 7,
}
_QUIET_KINDS = ("InputLayer", "Rescaling", "Normalization", "ZeroPadding2D", "Dropout")


def image(reference: str, card: Card) -> str:
    """The reference of an image that suits a model: one of its own test images, else a photo.

    ``reference`` is the model's; a model of one's own may one day bring a sample.
    """
    if card.dataset in _SAMPLES:
        return f"data:{card.dataset}/test/{_SAMPLES[card.dataset]}"
    if card.input_shape[2] == 1:
        return f"data:mnist/test/{_SAMPLES['mnist']}"
    return PHOTO


def shown_layers(card: Card) -> tuple[Layer, ...]:
    """The layers whose maps are worth looking at: spatial ones that do more than rescale or pad."""
    return tuple(x for x in card.spatial_layers if x.kind not in _QUIET_KINDS)


def three_layers(card: Card) -> tuple[str, ...]:
    """At most three layers, early, in the middle and late, activations where there are any.

    Each has another resolution where there are three; maps below 10 pixels a side show little, so
    they are taken only where nothing larger is left.
    """
    layers = shown_layers(card)
    active = [x for x in layers if x.kind in ("Activation", "ReLU", "LeakyReLU", "GELU", "ELU")]
    fused = [x for x in layers if "Conv" in x.kind]
    chosen = active if len(active) >= 3 else (fused if len(fused) >= 3 else list(layers))
    last_of_size = {x.output_shape[0]: x.name for x in chosen}
    sizes = [s for s in last_of_size if s >= 10] or list(last_of_size)
    if len(sizes) >= 3:
        first = next(x.name for x in chosen if x.output_shape[0] == sizes[0])
        return first, last_of_size[sizes[len(sizes) // 2]], last_of_size[sizes[-1]]
    if len(chosen) < 3:
        return tuple(x.name for x in chosen)
    return chosen[0].name, chosen[len(chosen) // 2].name, chosen[-1].name


def filter_channels(card: Card, layer: str | None = None) -> list[int]:
    """The channels of which the filter page shows pictures first."""
    name = layer or card.filter_layer
    return list(range(min(FILTERS, card.layer(name).output_shape[-1]))) if name else []


def first_questions(reference: str) -> list[tuple[str, dict]]:
    """What all pages ask about a model before anybody has chosen anything.

    Returns:
        Pairs of a question's name and its parameters, in the order of the pages.
    """
    card = ModelReference.parse(reference).card
    sample = {"model": reference, "image": image(reference, card)}
    questions: list[tuple[str, dict]] = [("home", sample), ("predict", sample)]
    questions += [("feature_maps", {**sample, "layer": name}) for name in three_layers(card)]
    if card.heatmap_layer:
        questions.append(("heatmaps", sample))
    if card.filter_layer:
        layer, channels = card.filter_layer, filter_channels(card)
        questions.append(("filters", {"model": reference, "layer": layer, "channels": channels}))
    questions.append(("kernels", {"model": reference}))
    if card.dataset:
        own = {"model": reference, "dataset": card.dataset}
        questions += [("evaluate", own), ("measures", own), ("causes", own)]
        questions += [("embedding", own), ("place_image", {**own, **sample})]
        questions += [("layer_separation", own), ("layer_maps", own)]
        measured = dict.fromkeys([*three_layers(card)[:1], *filter(None, [card.filter_layer])])
        questions += [("channel_statistics", {**own, "layer": name}) for name in measured]
        if card.filter_layer:
            questions.append(("channel_contributions", {**own, "layer": layer}))
    if card.filter_layer:
        questions += [
            ("channel_kernel", {"model": reference, "layer": layer, "channel": channel})
            for channel in channels
        ]
    return questions
