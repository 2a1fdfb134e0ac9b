"""How a network arranges images in the space of a layer's features."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cnnviz.datasets.dataset import Dataset
from cnnviz.embedding.projection import OnFrame, Projection, pca, tsne
from cnnviz.embedding.quality import knn_accuracy
from cnnviz.embedding.results import Embedding
from cnnviz.errors import BadInput, NotPossible
from cnnviz.inference.passes import Report, run_pass
from cnnviz.models.model import Model, load_model
from cnnviz.texts import N_

METHODS = ("pca", "tsne")
ARRANGING = N_("Arranging the points")
_LOOKING_SHARE = 0.4  # of the progress bar


def embed(
    model: Model | str,
    dataset: Dataset,
    layer: str | None = None,
    method: str = "tsne",
    dimensions: int = 2,
    seed: int = 0,
    perplexity: float = 30,
    pooling: str = "mean",
    indices: np.ndarray | None = None,
    on_frame: OnFrame | None = None,
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Embedding:
    """Draw a map of a data set as a network sees it.

    Args:
        model: a model, its name or its reference.
        dataset: images of any size; their labels are only kept, not used.
        layer: where the features are taken; None is the card's feature layer, the input of the
            classifier head.
        method: ``pca`` or ``tsne``.
        dimensions: 2 or 3.
        seed: of the projection; t-SNE starts from PCA with 0, from random places with others.
        perplexity: of t-SNE.
        pooling: features averaged over positions (``mean``), or position by position (``flat``).
        indices: (n,) the images' places in the split, where ``dataset`` is a part of it.
        on_frame: called with the points so far and the fraction done, while t-SNE moves them.
        report: called with the fraction done and a text.
        check_cancelled: called often; ends the work by raising.

    Raises:
        NotFound: there is no such layer.
        NotPossible: the model's card names no feature layer and none was given.
        BadInput: unknown method or dimensions, too few images.
    """
    model = load_model(model) if not isinstance(model, Model) else model
    if method not in METHODS:
        raise BadInput(
            "There is no method called “{method}”. Choose one of: {known}.",
            method=str(method)[:40],
            known=", ".join(METHODS),
        )
    layer = layer or model.card.feature_layer
    if layer is None:
        raise NotPossible("This model has no layer before its answer; name one to draw a map of.")

    def looking(fraction: float, text: str) -> None:
        if report is not None:
            report(fraction * _LOOKING_SHARE, text)

    def arranging(points: np.ndarray, fraction: float) -> None:
        if report is not None:
            report(_LOOKING_SHARE + fraction * (1 - _LOOKING_SHARE), ARRANGING)
        if on_frame is not None:
            on_frame(points, fraction)

    seen = run_pass(
        model, dataset, [layer], pooling=pooling, report=looking, check_cancelled=check_cancelled
    )
    features = seen.features[layer]
    projection = arranged(
        features, method, dimensions, seed, perplexity, arranging, check_cancelled
    )

    def place(images: np.ndarray | Sequence) -> np.ndarray:
        return projection.place(features_of(model, images, layer, pooling))

    return Embedding(
        points=projection.points,
        features=features,
        labels=dataset.labels,
        predicted=seen.probabilities.argmax(axis=1),
        indices=np.arange(len(dataset)) if indices is None else np.asarray(indices),
        method=method,
        layer=layer,
        knn_accuracy=knn_accuracy(projection.points, dataset.labels),
        placer=place,
    )


def arranged(
    features: np.ndarray,
    method: str,
    dimensions: int = 2,
    seed: int = 0,
    perplexity: float = 30,
    on_frame: OnFrame | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Projection:
    """Features (n, d) as points, by one of ``METHODS``; arguments and errors as of ``embed``."""
    if method == "pca":
        return pca(features, dimensions, seed)
    return tsne(features, dimensions, seed, perplexity, on_frame, check_cancelled)


def features_of(
    model: Model, images: np.ndarray | Sequence, layer: str, pooling: str = "mean"
) -> np.ndarray:
    """What a layer makes of new images (uint8, any size): float32 (m, d)."""
    images = model.prepare(images)
    unlabelled = Dataset("", "", images, np.zeros(len(images), np.int64), ())
    return run_pass(model, unlabelled, [layer], pooling=pooling).features[layer]
