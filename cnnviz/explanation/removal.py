"""Which pixels go first when a heatmap is put to the test: plain arrays, no network."""

from __future__ import annotations

import numpy as np


def ranking(heat: np.ndarray) -> np.ndarray:
    """All pixels of a heatmap (h, w), brightest first, as places (h·w,) int32 in its flat form.

    Equal values are common: a map whose negative part was cut off is zero over large areas. Their
    order is random, the same every time: in reading order, the top of the image would go first.
    """
    chance = np.random.default_rng(0).permutation(heat.size)
    return np.lexsort((chance, -heat.ravel())).astype(np.int32)


def random_heat(shape: tuple[int, int], *seed: int) -> np.ndarray:
    """A heatmap (h, w) float32 that knows nothing: the yardstick of real ones of its resolution.

    Fields as large as those of the map under test, not single pixels: these hurt a network by the
    noise they make, whichever they are, and a map of coarse fields would lose against them.
    """
    return np.random.default_rng(seed).random(shape, np.float32)


def first_pixels(order: np.ndarray, share: float, shape: tuple[int, int]) -> np.ndarray:
    """(h, w) bool: the first ``share`` (0–1, rounded to whole pixels) of the pixels in ``order``.

    Exactly none for a share of 0, all for 1.
    """
    chosen = np.zeros(order.size, bool)
    chosen[order[: round(share * order.size)]] = True
    return chosen.reshape(shape)


def replaced(image: np.ndarray, where: np.ndarray, by: np.ndarray) -> np.ndarray:
    """The image (h, w, c) with the pixels ``where`` (h, w) bool taken from ``by`` (h, w, c)."""
    return np.where(where[..., None], by, image)
