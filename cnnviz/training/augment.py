"""Changes to training images that leave their meaning as it is, made anew for every epoch."""

from __future__ import annotations

import math

import cv2
import numpy as np

from cnnviz.texts import N_

AUGMENTATIONS = {
    "flip": N_("Mirror half of the images left to right"),
    "rotation": N_("Turn every image by up to 15 degrees, either way"),
    "shift": N_("Move every image by a few pixels in any direction"),
    "zoom": N_("Enlarge or shrink every image by up to a fifth"),
    "shear": N_("Slant every image to one side or the other, like italic letters"),
    "contrast": N_("Make the contrast of every image stronger or weaker"),
    "cutout": N_("Hide a square somewhere in every image, so that no single spot is relied on"),
}
ROTATION = math.radians(15)  # most, either way
ZOOM = 1.2  # most; and as much smaller
SHEAR = 0.2  # most pixels sideways for every pixel of height: about 11 degrees
CONTRAST = 1.6  # most; and as much weaker
CUTOUT = 3 / 8  # side of the square, of the shorter side of the image


def augment(
    images: np.ndarray, names: tuple[str, ...], generator: np.random.Generator
) -> np.ndarray:
    """Augmented copies; nothing is copied when there is nothing to do.

    Args:
        images: (n, h, w, c) uint8.
        names: keys of ``AUGMENTATIONS``.
        generator: source of chance; the same state gives the same images.
    """
    most = most_shift(images.shape[1])
    if {"rotation", "zoom", "shear"} & set(names):
        images = warp(images, _maps(images.shape, names, generator, most))
    else:  # whole pixels need no interpolation
        if "shift" in names:
            images = shift(images, generator, most)
        if "flip" in names:
            images = flip(images, generator)
    if "contrast" in names:
        images = contrast(images, generator)
    if "cutout" in names:
        images = cutout(images, generator)
    return images


def most_shift(height: int) -> int:
    """Pixels by which an image is moved at most: 2 for the usual small ones."""
    return max(1, round(height / 14))


def flip(images: np.ndarray, generator: np.random.Generator, share: float = 0.5) -> np.ndarray:
    """Mirror a random ``share`` of the images left to right."""
    result = np.array(images, order="C")
    for i in np.flatnonzero(generator.random(len(images)) < share):
        cv2.flip(images[i], 1, dst=result[i])  # NumPy turns pixels of three bytes slowly
    return result


def shift(images: np.ndarray, generator: np.random.Generator, most: int) -> np.ndarray:
    """Move each image by up to ``most`` whole pixels along both axes, all moves equally likely.

    As a crop of the same size out of the image mirrored outwards at its border, so that no empty
    stripe betrays the move.
    """
    n, h, w, _ = images.shape
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)), mode="reflect")
    result = np.empty(images.shape, images.dtype)
    places = generator.integers(0, 2 * most + 1, (2, n)).T
    for source, target, (row, column) in zip(padded, result, places, strict=True):
        target[:] = source[row : row + h, column : column + w]
    return result


def warp(images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Each image through an affine map of its own: one interpolation, however many changes.

    Args:
        images: (n, h, w, c) uint8; beyond its border an image goes on mirrored.
        maps: (n, 2, 3): from a place (x, y) of the result to the place in the image that it shows,
            both counted from the centre of the image, in pixels.
    """
    n, h, w, c = images.shape
    centre = np.array([(w - 1) / 2, (h - 1) / 2])
    maps = maps.copy()
    maps[:, :, 2] += centre - maps[:, :, :2] @ centre
    result = np.empty((n, h, w, c), np.uint8)
    for source, target, place in zip(images, result, maps, strict=True):
        cv2.warpAffine(
            source,
            place,
            (w, h),
            dst=target,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
    return result


def contrast(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Move the values of each image away from its mean, or towards it, by one random factor."""
    strength = _around_one(generator, CONTRAST, len(images))[:, None]
    means = _means(images).mean(axis=1, keepdims=True)
    tables = np.arange(256) * strength + (1 - strength) * means  # what becomes of each value
    tables = np.clip(tables.round(), 0, 255).astype(np.uint8)
    result = np.empty(images.shape, np.uint8)
    for image, table, target in zip(images, tables, result, strict=True):
        cv2.LUT(image, table, dst=target)
    return result


def cutout(images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Hide a square of each image behind its mean colour (DeVries and Taylor, arXiv 1708.04552).

    Its centre is anywhere in the image, so that part of the square may lie outside.
    """
    n, h, w, _ = images.shape
    side = max(1, round(CUTOUT * min(h, w)))
    tops = generator.integers(0, h, n) - side // 2
    lefts = generator.integers(0, w, n) - side // 2
    means = _means(images).round().astype(np.uint8)
    result = np.array(images, order="C")
    for image, mean, top, left in zip(result, means, tops, lefts, strict=True):
        image[max(0, top) : top + side, max(0, left) : left + side] = mean
    return result


def _maps(
    shape: tuple[int, ...], names: tuple[str, ...], generator: np.random.Generator, most: int
) -> np.ndarray:
    """(n, 2, 3) random maps as :func:`warp` takes them, made of what is in ``names``."""
    n = shape[0]
    maps = np.zeros((n, 2, 3))
    maps[:, 0, 0] = maps[:, 1, 1] = 1.0
    linear = maps[:, :, :2]
    if "flip" in names:
        linear[generator.random(n) < 0.5, 0, 0] = -1.0
    if "shear" in names:
        slanted = np.tile(np.eye(2), (n, 1, 1))
        slanted[:, 0, 1] = generator.uniform(-SHEAR, SHEAR, n)
        linear[:] = slanted @ linear
    if "rotation" in names:
        angles = generator.uniform(-ROTATION, ROTATION, n)
        cosines, sines = np.cos(angles), np.sin(angles)
        turned = np.array([[cosines, sines], [-sines, cosines]])
        linear[:] = turned.transpose(2, 0, 1) @ linear
    if "zoom" in names:
        linear /= _around_one(generator, ZOOM, n)[:, None, None]
    if "shift" in names:
        maps[:, :, 2] = generator.integers(-most, most + 1, (n, 2))
    return maps


def _means(images: np.ndarray) -> np.ndarray:
    """(n, c) mean of each channel of each image."""
    return np.array([cv2.mean(image)[: images.shape[3]] for image in images])


def _around_one(generator: np.random.Generator, most: float, n: int) -> np.ndarray:
    """(n,) factors from 1 / ``most`` to ``most``, as often below 1 as above."""
    return np.exp(generator.uniform(-math.log(most), math.log(most), n))
