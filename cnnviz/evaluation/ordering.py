"""Classes in an order in which those that a network mixes up stand side by side."""

from __future__ import annotations

import numpy as np

MOST_TURNED = 300


def similarity_order(confusion: np.ndarray) -> np.ndarray:
    """(c,) classes, ordered by hierarchical clustering of their mix-ups.

    Two classes are the closer, the larger the mean share of either that was called the other.
    Average linkage; up to ``MOST_TURNED`` classes the leaves are turned so that neighbours are as
    close as can be (Z. Bar-Joseph et al., Bioinformatics 17, 2001), which takes cubic time.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    count = len(confusion)
    if count < 3:
        return np.arange(count)
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    near = (shares + shares.T) / 2
    distances = 1 - near
    np.fill_diagonal(distances, 0)
    flat = squareform(distances, checks=False)
    tree = linkage(flat, "average")
    if count <= MOST_TURNED:
        tree = optimal_leaf_ordering(tree, flat)
    return leaves_list(tree).astype(int)
