"""Many dimensions drawn in two or three: PCA and t-SNE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from openTSNE import TSNE
from sklearn.decomposition import PCA

from cnnviz.errors import BadInput, NotPossible

_KEPT = 50  # principal components that t-SNE sees, as its authors recommend
EARLY, LATE = 250, 500  # iterations with exaggerated attraction, and without
_FRAME_EVERY = 10  # iterations
# Repulsion is added up over a tree of the points (Barnes-Hut) or over a grid (FIt-SNE). The tree's
# time grows with the points, the grid's hardly: measured, they meet at about 4,000.
_GRID_FROM = 4000
# Of the grid, in the map's units. With 1, openTSNE's default, 10,000 points take more than twice as
# long, and their trustworthiness is the same to 0.0002.
_CELL = 3.0

OnFrame = Callable[[np.ndarray, float], None]


@dataclass(frozen=True)
class Projection:
    """``points`` float32 (n, dimensions), and ``place`` for further features (m, d).

    ``centre`` (d,) and ``axes`` (dimensions, d) float32 are those of a straight projection: points
    are (features − centre) · axes. None where there is no such formula.
    """

    points: np.ndarray
    place: Callable[[np.ndarray], np.ndarray]
    centre: np.ndarray | None = None
    axes: np.ndarray | None = None


def pca(features: np.ndarray, dimensions: int = 2, seed: int = 0) -> Projection:
    """The directions along which ``features`` (n, d) vary most.

    Raises:
        BadInput: fewer features or images than dimensions.
        NotPossible: the features are all alike.
    """
    _check(features, dimensions)
    features = np.asarray(features, np.float32)
    fitted = PCA(dimensions, random_state=seed).fit(features)

    def place(new: np.ndarray) -> np.ndarray:
        return fitted.transform(np.asarray(new, np.float32)).astype(np.float32)

    centre, axes = fitted.mean_.astype(np.float32), fitted.components_.astype(np.float32)
    return Projection(place(features), place, centre, axes)


def tsne(
    features: np.ndarray,
    dimensions: int = 2,
    seed: int = 0,
    perplexity: float = 30,
    on_frame: OnFrame | None = None,
    check_cancelled: Callable[[], None] | None = None,
    late: int = LATE,
) -> Projection:
    """t-SNE (van der Maaten, Hinton, JMLR 2008) by openTSNE.

    Distances between far groups mean little; neighbourhoods do. New features are placed among
    their nearest neighbours without moving anything.

    Args:
        features: (n, d).
        dimensions: 2, or 3.
        seed: 0 starts from PCA, which keeps most of the large-scale arrangement (Kobak & Berens
            2019, arXiv 1902.05804); any other one from random places of its own.
        perplexity: about how many neighbours count; less where there are few images.
        on_frame: called every ten iterations with the points so far and the fraction done.
        check_cancelled: called as often; ends the work by raising.
        late: iterations after the 250 early ones, in which attraction is exaggerated.

    Raises:
        BadInput: fewer than eight images, or fewer features than dimensions.
        NotPossible: the features are all alike.
    """
    _check(features, dimensions)
    if len(features) < 8:
        raise BadInput(
            "A map needs at least eight images; there are {images}.", images=len(features)
        )
    features = np.asarray(features, np.float32)
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
            done = min(1.0, calls * _FRAME_EVERY / (EARLY + late))
            on_frame(np.array(points, np.float32), done)

    fitted = TSNE(
        n_components=dimensions,
        perplexity=min(perplexity, (len(features) - 1) / 4),
        initialization="random" if seed else "pca",
        early_exaggeration_iter=EARLY,
        n_iter=late,
        negative_gradient_method=(
            "fft" if dimensions == 2 and len(features) >= _GRID_FROM else "bh"
        ),
        ints_in_interval=_CELL,
        callbacks=callback,
        callbacks_every_iters=_FRAME_EVERY,
        random_state=seed,
        n_jobs=1,  # more threads wait for each other whenever another process is busy
    ).fit(np.ascontiguousarray(reduced, np.float64))

    def place(new: np.ndarray) -> np.ndarray:
        new = np.asarray(new, np.float32)
        new = new if reduce is None else reduce(new)
        placed = fitted.prepare_partial(np.ascontiguousarray(new, np.float64), perplexity=5)
        return np.array(placed, np.float32)

    return Projection(np.array(fitted, np.float32), place)


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
    if not np.isfinite(features).all():
        raise NotPossible(
            "At this layer the network's values are not numbers any more, so there is no map."
        )
    if (np.ptp(features, axis=0) == 0).all():
        raise NotPossible(
            "At this layer the network answers the same to every image, so there is no map."
        )
