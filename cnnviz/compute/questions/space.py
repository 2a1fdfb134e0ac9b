"""Questions about a feature space: its map, a new image on it, layer after layer, to take home."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cnnviz.compute.context import Context
from cnnviz.compute.questions import checking
from cnnviz.compute.questions.looking import Looked, looked_at
from cnnviz.datasets.image_references import open_image
from cnnviz.embedding import embed, quality
from cnnviz.embedding.aligning import aligned, to_unit
from cnnviz.embedding.placing import farther_than, nearest_rows, placed_by
from cnnviz.embedding.projection import tsne
from cnnviz.embedding.projector import projector_files
from cnnviz.embedding.regions import regions
from cnnviz.errors import NotPossible
from cnnviz.inference.pooling import POOLINGS
from cnnviz.models.cards import Card
from cnnviz.models.main_path import main_path
from cnnviz.texts import N_

MOST_IMAGES = 10_000
_LAYERS = 12
_LATE = 250  # iterations of the small maps of many layers
_LEAST = 1e-7  # a share of the vote that counts as this small: no loss is infinite
_LOOKING, _MAPPING = 0.4, 0.5  # of the progress bar; the rest is measuring
_MEASURING = N_("Measuring the map")
_COMPARING = N_("Asking layer after layer")


def embedding(
    context: Context,
    model: str,
    dataset: str,
    split: str,
    limit: int | None,
    layer: str | None,
    method: str,
    seed: int,
    class_map: list[int | None] | None,
    pooling: str,
    perplexity: int,
    dimensions: int,
) -> dict:
    """Points (n, 2 or 3) of a layer's features; frames show them as they find their places.

    ``labels`` and ``predicted`` are classes of the model, ``confidence`` and ``loss`` (float16)
    those of its answers, ``indices`` the images' places in the split. Of the features:
    ``knn_features`` and ``silhouette``; of the map: ``knn_accuracy`` and ``trustworthiness`` (None
    where it is not defined). ``regions`` is the background of a map in two dimensions; ``centre``
    and ``axes`` are those of PCA.
    """
    seed = checking.number(seed, "seed", 0, 2**31 - 1)
    method = checking.choice(method, "method", embed.METHODS)
    perplexity = checking.number(perplexity, "perplexity", 2, 200)
    dimensions = checking.number(dimensions, "dimensions", 2, 3)
    seen, layer = _seen(
        context, model, dataset, split, limit, layer, class_map, pooling, share=_LOOKING
    )
    features = seen.features[layer].astype(np.float32)

    def moving(points: np.ndarray, done: float) -> None:
        context.report(
            _LOOKING + done * _MAPPING,
            embed.ARRANGING,
            {"points": points.astype(np.float32), "labels": seen.labels},
        )

    found = embed.arranged(
        features, method, dimensions, seed, perplexity, moving, context.check_cancelled
    )
    context.report(_LOOKING + _MAPPING, _MEASURING)
    predicted = seen.probabilities.argmax(axis=1).astype(np.int32)
    answer = {
        "points": found.points,
        "labels": seen.labels.astype(np.int32),
        "predicted": predicted,
        "confidence": seen.probabilities.max(axis=1).astype(np.float16),
        "loss": _loss(seen),
        "indices": seen.rows.astype(np.int32),
        "layer": layer,
        "method": method,
        "features": features.shape[1],
        "knn_accuracy": quality.knn_accuracy(found.points, seen.labels),
        "knn_features": quality.knn_accuracy(features, seen.labels),
        "silhouette": quality.silhouette(features, seen.labels),
        "trustworthiness": quality.trustworthiness(features, found.points),
        "regions": regions(found.points, predicted) if dimensions == 2 else None,
    }
    return answer if found.axes is None else answer | {"centre": found.centre, "axes": found.axes}


def place_image(
    context: Context,
    model: str,
    dataset: str,
    image: str,
    split: str,
    limit: int | None,
    layer: str | None,
    class_map: list[int | None] | None,
    pooling: str,
) -> dict:
    """Which images of a map are nearest to another one, in the features that the map is made of.

    ``nearest`` (k,) are places among the images of ``embedding`` (asked with the same parameters),
    nearest first, ``distances`` (k,) Euclidean; the first ``placed_by`` of them say where it lands.
    ``inside`` is the image's own place where it is one of them, else None. ``farther_than`` is the
    share of images on the map that have a nearer nearest neighbour. ``features`` (d,) are its own.
    """
    picture = open_image(checking.text(image, "image"))
    seen, layer = _seen(context, model, dataset, split, limit, layer, class_map, pooling)
    rows = seen.features[layer]
    query = embed.features_of(seen.model, [picture.image], layer, pooling)[0]
    if not np.isfinite(query).all():
        raise NotPossible(
            "At this layer the network's values are not numbers any more, so there is no map."
        )
    inside = _inside(picture.reference, dataset, split, seen.rows)
    order, distances = nearest_rows(rows, query)
    if inside is not None:
        others = order != inside
        order, distances = order[others], distances[others]
    count = placed_by(len(rows))
    kept = max(count, 8)
    return {
        "nearest": order[:kept].astype(np.int32),
        "distances": distances[:kept].astype(np.float32),
        "placed_by": count,
        "inside": inside,
        "farther_than": farther_than(rows, float(distances[0])) if len(order) else 0.0,
        "features": query.astype(np.float32),
        "layer": layer,
    }


def layer_separation(
    context: Context,
    model: str,
    dataset: str,
    split: str,
    limit: int | None,
    class_map: list[int | None] | None,
    pooling: str,
) -> dict:
    """How well each of at most 12 layers tells the classes apart.

    ``knn`` (L,): the share of images whose class is the commonest among the ten nearest others in
    the layer's features; ``silhouette`` (L,), not a number where it is not defined. ``chance`` is
    the share of the commonest class.
    """
    seen, layers = _layer_by_layer(context, model, dataset, split, limit, class_map, pooling, 0.6)
    knn, apart = [], []
    for i, name in enumerate(layers):
        context.report(0.6 + 0.4 * i / len(layers), _COMPARING)
        features = _usable(seen.features[name])
        knn.append(quality.knn_accuracy(features, seen.labels))
        value = quality.silhouette(features, seen.labels)
        apart.append(np.nan if value is None else value)
    return {
        "layers": layers,
        "knn": np.array(knn, np.float32),
        "silhouette": np.array(apart, np.float32),
        "chance": float(np.bincount(seen.labels).max() / len(seen.labels)),
        "count": len(seen.labels),
    }


def layer_maps(
    context: Context,
    model: str,
    dataset: str,
    split: str,
    limit: int | None,
    class_map: list[int | None] | None,
    pooling: str,
) -> dict:
    """A t-SNE map of the same images at each of the layers of ``layer_separation``.

    ``points`` (L, n, 2) float16. Each map starts from its own features, so none looks more sorted
    for having been made from another; each is then turned and mirrored to lie like that of the
    layer after it, so that images travel short ways. ``trustworthiness`` (L,).
    """
    seen, layers = _layer_by_layer(context, model, dataset, split, limit, class_map, pooling, 0.2)
    maps: list[np.ndarray] = []
    trust = []
    for i, name in enumerate(reversed(layers)):
        features = _usable(seen.features[name])

        def moving(points: np.ndarray, done: float, i: int = i, name: str = name) -> None:
            context.report(
                0.2 + 0.8 * (i + done) / len(layers),
                _COMPARING,
                {"points": points.astype(np.float32), "labels": seen.labels, "layer": name},
            )

        try:
            found = tsne(features, 2, 0, 30, moving, context.check_cancelled, late=_LATE).points
        except NotPossible:  # this layer answers the same to every image: one point
            found = np.zeros((len(features), 2))
        points = to_unit(found)
        maps.append(aligned(points, maps[-1]) if maps else points)
        value = quality.trustworthiness(features, points)
        trust.append(np.nan if value is None else value)
    return {
        "layers": layers,
        "points": np.stack(maps[::-1]).astype(np.float16),
        "trustworthiness": np.array(trust[::-1], np.float32),
        "labels": seen.labels.astype(np.int32),
        "predicted": seen.probabilities.argmax(axis=1).astype(np.int32),
        "confidence": seen.probabilities.max(axis=1).astype(np.float16),
        "loss": _loss(seen),
        "indices": seen.rows.astype(np.int32),
    }


def projector(
    context: Context,
    model: str,
    dataset: str,
    split: str,
    limit: int | None,
    layer: str | None,
    class_map: list[int | None] | None,
    pooling: str,
) -> dict:
    """The features of the images on a map, as a zip for TensorBoard's Embedding Projector."""
    seen, layer = _seen(context, model, dataset, split, limit, layer, class_map, pooling)
    predicted = seen.probabilities.argmax(axis=1)
    metadata = {
        "index": seen.rows.tolist(),
        "class": [seen.names[i] for i in seen.labels],
        "called": [seen.names[i] for i in predicted],
        "confidence": [f"{share:.4f}" for share in seen.probabilities.max(axis=1)],
        "right": ["yes" if a == b else "no" for a, b in zip(seen.labels, predicted, strict=True)],
    }
    thumbnails = [seen.whole.images[row] for row in seen.rows]
    data = projector_files(seen.features[layer], metadata, thumbnails, layer)
    return {"data": data, "filename": "projector.zip"}


def _seen(
    context: Context,
    model: str,
    dataset: object,
    split: object,
    limit: object,
    layer: str | None,
    class_map: object,
    pooling: object,
    share: float = 1.0,
) -> tuple[Looked, str]:
    """What a model makes of images at one layer, and the layer's name."""
    limit = checking.optional_number(limit, "limit", 10, MOST_IMAGES)
    pooling = checking.choice(pooling, "pooling", POOLINGS)
    layer = layer or context.model(model).card.feature_layer
    if layer is None:
        raise NotPossible("This model has no layer before its answer; name one to draw a map of.")
    layer = checking.layer_of(context.model(model).card, layer).name
    seen = looked_at(
        context,
        model,
        dataset,
        split,
        limit=limit or MOST_IMAGES,
        class_map=class_map,
        layers=[layer],
        pooling=pooling,
        report=_part(context, share),
    )
    return seen, layer


def _layer_by_layer(
    context: Context,
    model: str,
    dataset: object,
    split: object,
    limit: object,
    class_map: object,
    pooling: object,
    share: float,
) -> tuple[Looked, list[str]]:
    limit = checking.optional_number(limit, "limit", 10, 2000) or 2000
    pooling = checking.choice(pooling, "pooling", POOLINGS)
    layers = path_of(context.model(model).card, pooling)
    if not layers:
        raise NotPossible("This network has no layers between the image and its answer.")
    seen = looked_at(
        context,
        model,
        dataset,
        split,
        limit=limit,
        class_map=class_map,
        layers=layers,
        pooling=pooling,
        report=_part(context, share),
    )
    return seen, layers


def path_of(card: Card, pooling: str = "mean") -> list[str]:
    """The layers that an image passes one after the other, at most 12, the feature layer last.

    Where that is the average over positions of the layer before, and features are averages anyhow,
    the two are the same, and only one of them is named.
    """
    names = [layer.name for layer in main_path(card, _LAYERS)]
    if card.feature_layer is None or card.feature_layer in names:
        return names
    last = card.layer(card.feature_layer)
    averaged = last.kind == "GlobalAveragePooling2D" and last.inputs == tuple(names[-1:])
    if averaged and pooling == "mean":
        return [*names[:-1], last.name]
    return [layer.name for layer in main_path(card, _LAYERS - 1)] + [last.name]


def _part(context: Context, share: float) -> Callable[[float, str], None]:
    return lambda done, text: context.report(done * share, text)


def _usable(features: np.ndarray) -> np.ndarray:
    """Features as float32; what is not a number counts as 0, so that one layer stops nothing."""
    return np.nan_to_num(features.astype(np.float32))


def _loss(seen: Looked) -> np.ndarray:
    """(n,) float16, the cross-entropy of each answer."""
    shares = seen.probabilities[np.arange(len(seen.labels)), seen.labels]
    return -np.log(np.clip(shares, _LEAST, 1.0)).astype(np.float16)


def _inside(reference: str, dataset: str, split: str, rows: np.ndarray) -> int | None:
    """Where an image of the split itself stands among ``rows``; None for any other."""
    start = f"data:{dataset}/{split}/"
    if not reference.startswith(start):
        return None
    found = np.flatnonzero(rows == int(reference[len(start) :]))
    return int(found[0]) if len(found) else None
