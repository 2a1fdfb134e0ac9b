"""RISE (Petsiuk, Das, Saenko 2018, arXiv 1806.07421)."""

from __future__ import annotations

import numpy as np

from cnnviz.explanation.methods.many_passes import ManyPasses, OneImage, baseline_option
from cnnviz.explanation.methods.masking import compiled_masked
from cnnviz.explanation.task import Option

_SEED = 1806
_NOTHING = 1e-6  # of the vote: less than this is rounding


class Rise(ManyPasses):
    """How much of the vote the class has while a pixel is visible, more than on average.

    ``masks`` random masks: grids of ``cells`` × ``cells``, each cell visible with probability
    ``visible``, enlarged bilinearly and shifted by up to a cell. What is not visible shows the
    ``baseline`` (a place in ``perturbing.BASELINES``). The paper's map is the mean share of the
    vote weighted by how visible a pixel was, Σ share·mask / Σ mask; the map here is that less the
    mean share over all masks (``mean_share``), so that a network that does not look at the image
    gives nothing. The masks are the same for every image.
    """

    name = "rise"
    together = True
    options = {
        "masks": Option(1000, 10, 8000),
        "cells": Option(7, 2, 32),
        "visible": Option(0.5, 0.1, 0.9),
        "baseline": baseline_option("mean"),
    }

    def explain_one(self, one: OneImage) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        count, shape = one.options["masks"], one.image.shape[:2]
        masks = Masks(count, one.options["cells"], one.options["visible"], shape)
        run, plain = compiled_masked(one.keras_model), one.plain
        votes, seen = np.zeros((len(one.targets), *shape)), np.zeros(shape)
        total, done = np.zeros(len(one.targets)), 0

        def so_far() -> np.ndarray:
            more = votes / np.maximum(seen, 1e-9) - total[:, None, None] / done
            return np.where(np.abs(more) < _NOTHING, 0, more)

        for part in one.batches(count):
            visible = masks[part]
            _, shares = run(one.image, plain, visible, one.targets, one.against)
            shares = shares.numpy()
            votes += np.tensordot(shares, visible, axes=1)
            seen += visible.sum(axis=0)
            total, done = total + shares.sum(axis=1, dtype=np.float64), part.stop
            one.step(done / count, so_far)
        return so_far(), {"share": one.shares, "mean_share": total / done}


class Masks:
    """Random masks, the same every time.

    Args:
        count: how many.
        cells: cells a side of the coarse grid.
        visible: how likely a cell is visible.
        shape: height and width of the masks.
    """

    def __init__(self, count: int, cells: int, visible: float, shape: tuple[int, int]) -> None:
        random = np.random.default_rng(_SEED)
        self._grids = (random.random((count, cells, cells)) < visible).astype(np.float32)
        self._across, self._down = (_enlarging(side, cells) for side in shape)
        shifts = random.random((count, 2))
        self._row = (shifts[:, 0] * len(self._across)).astype(int)
        self._column = (shifts[:, 1] * len(self._down)).astype(int)

    def __getitem__(self, part: slice) -> np.ndarray:
        """Masks (k, h, w) float32 from 0 (covered) to 1 (visible)."""
        down = self._down[self._column[part]].transpose(0, 2, 1)
        return self._across[self._row[part]] @ (self._grids[part] @ down)


def _enlarging(side: int, cells: int) -> np.ndarray:
    """For each shift by 0 … a cell − 1 pixels: what enlarges ``cells`` values to ``side``.

    The grid is enlarged to one cell more than the image, of which a shifted window is cut
    (section 3.2). Returns (shifts, side, cells) float32: weights of bilinear interpolation,
    half-pixel, constant beyond the outermost cells' centres.
    """
    cell = -(-side // cells)
    large = (cells + 1) * cell
    places = np.clip((np.arange(large) + 0.5) * cells / large - 0.5, 0, cells - 1)
    weights = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(cells)))
    return np.stack([weights[i : i + side] for i in range(cell)]).astype(np.float32)
