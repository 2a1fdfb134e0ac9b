"""Transfer learning: a network that has learnt already, under a new last layer.

The base is any model of ours, cut off before its classifier head, and stands in the new network as
one layer called ``base``. In front of it images are brought to what it was made for; behind it come
dropout and the new ``logits``. What learns is decided by :func:`trainable_phase`.
"""

from __future__ import annotations

from functools import lru_cache

import keras
from keras import layers

from cnnviz.errors import NotFound, NotPossible
from cnnviz.models.cards import Card
from cnnviz.models.model import load_model
from cnnviz.models.references import ModelReference
from cnnviz.models.structure import nodes, walk

BASE = "base"

Tensor = keras.KerasTensor

# What is done by chance, for training only: a frozen base gives the same features every time. Keras
# would let a network in training overrule ``training=False`` for layers inside it.
_CHANCE = ("Dropout", "SpatialDropout", "Gaussian", "AlphaDropout", "Random", "ActivityRegular")


def put_on_base(x: Tensor, base: str, invert: str, dropout: float) -> Tensor:
    """From images (n, h, w, c), 0–255, to what the new classifier reads, (n, features).

    Args:
        base: a model reference.
        invert: ``yes`` turns light into dark first.
        dropout: share of the features set to zero while training.

    Raises:
        NotFound, BadModel: the base is not there (any more), or cannot be opened.
        NotPossible: it has no layer under its head.
    """
    reference = ModelReference.parse(base)
    if reference.kind != "shipped":
        _must_exist(reference)
    network, card = _base(str(reference), reference.fingerprint)
    inner = _copy(network)
    inner.trainable = False
    x = inner(_fit(x, card, invert == "yes"), training=False)
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D(name="average")(x)
    elif len(x.shape) > 2:
        x = layers.Flatten(name="flatten")(x)
    return layers.Dropout(dropout, name="dropout")(x) if dropout else x


def trainable_phase(model: keras.Model, unfreeze: int) -> None:
    """Let the base's last ``unfreeze`` layers with weights learn, and none before them.

    Batch normalisation is not counted and always rests: it keeps the means and spreads it has,
    which a few images of new classes would only spoil. The model must be compiled again.
    """
    base = model.get_layer(BASE)
    inside = list(dict.fromkeys(step.operation for step in walk(base)))
    learning = [x for x in inside if getattr(x, "weights", ()) and not _is_batch_norm(x)]
    base.trainable = unfreeze > 0  # of a container that rests, Keras asks nothing further
    resting = len(learning) - unfreeze
    for layer in inside:
        layer.trainable = unfreeze > 0 and layer in learning[max(resting, 0) :]


def _fit(x: Tensor, card: Card, invert: bool) -> Tensor:
    """Bring images to the size, colours and polarity that the base was made for."""
    height, width, channels = card.input_shape
    if tuple(x.shape[1:3]) != (height, width):
        x = layers.Resizing(
            height,
            width,
            crop_to_aspect_ratio=card.fit == "crop",
            pad_to_aspect_ratio=card.fit == "pad",
            name="resize",
        )(x)
    if x.shape[-1] < channels:
        x = layers.Concatenate(name="to_colour")([x] * channels)
    elif x.shape[-1] > channels:
        x = layers.Conv2D(
            1,
            1,
            use_bias=False,
            kernel_initializer=keras.initializers.Constant(1 / 3),
            trainable=False,
            name="to_grey",
        )(x)
    return layers.Rescaling(-1.0, offset=255.0, name="invert")(x) if invert else x


def _must_exist(reference: ModelReference) -> None:
    try:
        _ = reference.folder
    except NotFound:
        raise NotFound("The model that this network builds on is not there any more.") from None


@lru_cache(maxsize=1)  # one training builds its network several times over
def _base(reference: str, _fingerprint: str) -> tuple[keras.Model, Card]:
    """The network below the head, called ``base``, with the card of the whole."""
    model = load_model(reference)
    if not model.card.feature_layer:
        raise NotPossible(
            "“{title}” has no layer below its last one that another network could build on. "
            "Choose another model.",
            title=model.card.title,
        )
    return _cut(model.keras_model, model.card.feature_layer), model.card


def _cut(network: keras.Model, name: str) -> keras.Model:
    """The part of a network that ends with a layer, ``outer/inner`` inside a nested one."""
    outer, _, inner = name.partition("/")
    operation, node = [found for found in nodes(network) if found[0].name == outer][-1]
    output = node.output_tensors[0]
    if inner:
        output = _cut(operation, inner)(node.input_tensors[0])
    return keras.Model(network.inputs, output, name=BASE)


def _copy(network: keras.Model) -> keras.Model:
    """The same network and weights in the dtype policy in force, without layers of chance."""

    def fresh(layer: keras.layers.Layer) -> keras.layers.Layer:
        if type(layer).__name__.startswith(_CHANCE):
            return layers.Identity(name=layer.name)
        config = layer.get_config() | {"trainable": True}
        if "dtype" in config and layer.dtype_policy.name != keras.config.dtype_policy().name:
            config["dtype"] = keras.config.dtype_policy().name
        return type(layer).from_config(config)

    copy = keras.models.clone_model(network, clone_function=fresh, recursive=True)
    copy.set_weights(network.get_weights())
    return copy


def _is_batch_norm(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization)
