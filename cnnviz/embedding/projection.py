"""Many dimensions drawn in two or three: PCA and t-SNE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from openTSNE import TSNE
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from cnnviz.errors import BadInput

_KEPT = 50  # principal components that t-SNE sees, as its authors recommend
_EARLY, _LATE = 250, 500  # iterations with exaggerated attraction, and without
_FRAME_EVERY = 10  # iterations

OnFrame = Callable[[np.ndarray, float], None]


@dataclass(frozen=True)
class Projection:
    """``points`` float32 (n, dimensions), and ``place`` for further features (m, d)."""

    points: np.ndarray
    place: Callable[[np.ndarray], np.ndarray]


def pca(features: np.ndarray, dimensions: int = 2, seed: int = 0) -> Projection:
    """The directions along which ``features`` (n, d) vary most.

    Raises:
        BadInput: fewer features or images than dimensions.
    """
    _check(features, dimensions)
    fitted = PCA(dimensions, random_state=seed).fit(features)

    def place(new: np.ndarray) -> np.ndarray:
        return fitted.transform(new).astype(np.float32)

    return Projection(place(features), place)


def tsne(
    features: np.ndarray,
    dimensions: int = 2,
    seed: int = 0,
    perplexity: float = 30,
    on_frame: OnFrame | None = None,
    check_cancelled: Callable[[], None] | None = None,
) -> Projection:
    """t-SNE (van der Maaten, Hinton, JMLR 2008) by openTSNE, started from PCA.

    Distances between far groups mean little; neighbourhoods do. New features are placed among
    their nearest neighbours without moving anything.

    Args:
        features: (n, d).
        dimensions: 2, or 3.
        seed: another seed, another map.
        perplexity: about how many neighbours count; less where there are few images.
        on_frame: called every ten iterations with the points so far and the fraction done.
        check_cancelled: called as often; ends the work by raising.

    Raises:
        BadInput: fewer than eight images, or fewer features than dimensions.
    """
    _check(features, dimensions)
    if len(features) < 8:
        raise BadInput(
            "A map needs at least eight images; there are {images}.", images=len(features)
        )
    reduced, reduce = features, None
    if features.shape[1] > _KEPT and len(features) > _KEPT:
        reducer = PCA(_KEPT, random_state=seed).fit(features)
        reduced, reduce = reducer.transform(features), reducer.transform
    calls = 0

    def callback(_: int, __: float, points: np.ndarray) -> None:
        nonlocal calls
        calls += 1
        if check_cancelled is not None:
            check_cancelled()
        if on_frame is not None:
            done = min(1.0, calls * _FRAME_EVERY / (_EARLY + _LATE))
            on_frame(np.array(points, np.float32), done)

    fitted = TSNE(
        n_components=dimensions,
        perplexity=min(perplexity, (len(features) - 1) / 4),
        early_exaggeration_iter=_EARLY,
        n_iter=_LATE,
        negative_gradient_method="bh" if dimensions == 3 else "auto",
        callbacks=callback,
        callbacks_every_iters=_FRAME_EVERY,
        random_state=seed,
        n_jobs=1,  # more threads wait for each other whenever another process is busy
    ).fit(np.ascontiguousarray(reduced, np.float64))

    def place(new: np.ndarray) -> np.ndarray:
        new = new if reduce is None else reduce(new)
        placed = fitted.prepare_partial(np.ascontiguousarray(new, np.float64), perplexity=5)
        return np.array(placed, np.float32)

    return Projection(np.array(fitted, np.float32), place)


def knn_accuracy(points: np.ndarray, labels: np.ndarray, neighbours: int = 10) -> float:
    """The share of points whose label is the commonest among their nearest others.

    Of equally common labels the lowest counts.
    """
    neighbours = min(neighbours, len(points) - 1)
    search = NearestNeighbors(n_neighbors=neighbours).fit(points)
    near = labels[search.kneighbors(return_distance=False)]
    commonest = [np.bincount(row).argmax() for row in near]
    return float((np.array(commonest) == labels).mean())


def _check(features: np.ndarray, dimensions: int) -> None:
    if dimensions not in (2, 3):
        raise BadInput("A map has 2 or 3 dimensions, not {dimensions}.", dimensions=dimensions)
    if min(features.shape) < dimensions:
        raise BadInput(
            "{images} images with {features} features each are too few for {dimensions} "
            "dimensions.",
            images=features.shape[0],
            features=features.shape[1],
            dimensions=dimensions,
        )
