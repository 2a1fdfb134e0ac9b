"""Noisy linear imputation: fill removed pixels so that the hole itself says nothing.

Rong et al. 2022, "A Consistent and Efficient Evaluation Strategy for Attribution Methods" (ROAD),
arXiv 2202.00449, appendix C. A hole of one colour has a shape, and a network can recognise that;
here a removed pixel becomes the weighted mean of its eight neighbours, removed ones included, which
makes one sparse linear system an image. What follows from the rest is all that remains.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

NOISE = 0.01  # standard deviation as a share of the range of 255

_NEIGHBOURS = tuple(
    (row, column, 1 / 6 if row == 0 or column == 0 else 1 / 12)
    for row in (-1, 0, 1)
    for column in (-1, 0, 1)
    if (row, column) != (0, 0)
)


def noisy_linear(
    image: np.ndarray, removed: np.ndarray, noise: float = NOISE, seed: int | tuple[int, ...] = 0
) -> np.ndarray:
    """The image with its removed pixels made up from the others.

    Args:
        image: (h, w, c), raw 0–255.
        removed: (h, w) bool.
        noise: standard deviation of what is added to each of them, as a share of 255; without it
            a network could tell them by being smooth.
        seed: of the noise.

    Returns:
        (h, w, c) float32; where everything was removed, the mean colour with noise.
    """
    result = np.array(image, np.float32)
    if not removed.any():
        return result
    if removed.all():  # nothing is left that anything could follow from
        mean = image.mean(axis=(0, 1), dtype=np.float64)
        found = np.broadcast_to(mean, (removed.size, *mean.shape))
    else:
        matrix, known = _system(image, removed)
        # The matrix is symmetric and its diagonal dominates, so the order that suits the places of
        # its entries can be kept: about eight times quicker than the default.
        options = {"SymmetricMode": True}
        found = splu(
            matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options
        ).solve(known)
    grain = np.random.default_rng(seed).normal(0, 255 * noise, found.shape)
    result[removed] = found + grain
    return result


def _system(image: np.ndarray, removed: np.ndarray) -> tuple[csc_matrix, np.ndarray]:
    """One equation a removed pixel: (sum of weights) · value − Σ weight · neighbour = 0.

    Neighbours outside the image do not count. Returns the matrix (m, m) of the removed pixels in
    reading order, and what the known neighbours contribute, (m, c).
    """
    height, width = removed.shape
    count = int(removed.sum())
    number = np.full(removed.shape, -1)
    number[removed] = np.arange(count)
    rows, columns = np.nonzero(removed)
    equations, unknowns, entries = [], [], []
    weights, known = np.zeros(count), np.zeros((count, image.shape[2]))
    for down, right, weight in _NEIGHBOURS:
        row, column = rows + down, columns + right
        inside = np.flatnonzero((row >= 0) & (row < height) & (column >= 0) & (column < width))
        row, column = row[inside], column[inside]
        weights[inside] += weight
        other = number[row, column]
        open_ = other >= 0
        equations.append(inside[open_])
        unknowns.append(other[open_])
        entries.append(np.full(int(open_.sum()), -weight))
        # Each pixel has one neighbour in this direction: no place is added to twice.
        known[inside[~open_]] += weight * image[row[~open_], column[~open_]]
    everyone = np.arange(count)
    places = (np.concatenate([*equations, everyone]), np.concatenate([*unknowns, everyone]))
    values = np.concatenate([*entries, weights])
    return csc_matrix((values, places), shape=(count, count)), known
