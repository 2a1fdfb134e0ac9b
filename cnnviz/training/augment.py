"""Changes to training images that leave their meaning as it is, made anew for every epoch."""

from __future__ import annotations

import numpy as np

from cnnviz.texts import N_

AUGMENTATIONS = {
    "flip": N_("Mirror half of the images left to right"),
    "shift": N_("Move every image by a few pixels in any direction"),
}


def augment(
    images: np.ndarray, names: tuple[str, ...], generator: np.random.Generator
) -> np.ndarray:
    """Augmented copies; nothing is copied when there is nothing to do.

    Args:
        images: (n, h, w, c).
        names: keys of ``AUGMENTATIONS``.
        generator: source of chance; the same state gives the same images.
    """
    if "shift" in names:
        images = shift(images, generator, most=max(1, round(images.shape[1] / 14)))
    if "flip" in names:
        images = flip(images, generator)
    return images


def flip(images: np.ndarray, generator: np.random.Generator, share: float = 0.5) -> np.ndarray:
    """Mirror a random ``share`` of the images left to right."""
    chosen = generator.random(len(images)) < share
    return np.where(chosen[:, None, None, None], images[:, :, ::-1], images)


def shift(images: np.ndarray, generator: np.random.Generator, most: int) -> np.ndarray:
    """Move each image by up to ``most`` whole pixels along both axes, all moves equally likely.

    As a crop of the same size out of the image mirrored outwards at its border, so that no empty
    stripe betrays the move.
    """
    n, h, w, _ = images.shape
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (h, w), axis=(1, 2))
    rows, columns = generator.integers(0, 2 * most + 1, (2, n))
    return np.moveaxis(windows[np.arange(n), rows, columns], 1, 3)
