"""Which images are too dark, too bright, blurred, or came in an odd size.

What is usual differs between data sets: clothes on black are dark on average and none too dark. So
an image counts only where it is far from the others of its set *and* beyond a fixed limit. The
limits were chosen by looking at the images that they pick out of Fashion-MNIST and CIFAR-10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

DARK = 100.0  # grey levels: nearly all of a dark image stays below
BRIGHT = 140.0  # nearly all of a washed-out image stays above
# Of an image that is very dark (or bright) on average, a little more may stand out. More than that,
# and it is a lit car before a black wall, a thin digit, a bird before the sky: well to be seen.
DARK_MEAN, DARK_PARTS = 40.0, 160.0
BRIGHT_MEAN, BRIGHT_PARTS = 230.0, 90.0
BLURRED = 0.3  # the strongest edges of an image over its contrast; 0.7 is usual on CIFAR-10
ODD_SHAPE = 1.6  # times as wide, or as high, as is usual in the set
SMALL = 2.5  # times as small as is usual
_FAR = 2.0  # standard deviations from the median of the set
_NORMAL = 1.4826  # standard deviation of normal values over their median absolute deviation
_TAIL = 0.02  # of the pixels may be beyond a limit: specks, highlights
_CHUNK = 256  # images in memory at once
_SIDE = 64  # pixels: larger images are shrunk to it, so that sharpness means the same for all
_LUMA = np.float32([0.299, 0.587, 0.114])  # ITU-R BT.601


@dataclass(frozen=True)
class Quality:
    """Measures of n images, each (n,) float32.

    ``mean`` is the luminance, 0 to 255; ``darkest`` and ``brightest`` are the luminance that all
    but two per cent of the pixels lie above, or below. ``sharpness`` is the size of the Laplacian
    that two per cent of the pixels exceed, over the contrast ``brightest - darkest``; infinite for
    an image without contrast.
    """

    mean: np.ndarray
    darkest: np.ndarray
    brightest: np.ndarray
    sharpness: np.ndarray


@dataclass(frozen=True)
class Unusual:
    """Which of n images, (n,) bool, and how strongly, (n,) float32, larger is stronger."""

    where: np.ndarray
    strength: np.ndarray


def luminance(images: np.ndarray) -> np.ndarray:
    """(n, h, w) float32, 0 to 255, of images (n, h, w, 1 or 3)."""
    if images.shape[3] == 1:
        return images[..., 0].astype(np.float32)
    return images.astype(np.float32) @ _LUMA


def measure(images: np.ndarray, step: Callable[[float], None] | None = None) -> Quality:
    """Brightness and sharpness of images (n, h, w, 1 or 3) uint8, read a few at a time.

    The variance of the Laplacian (Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield
    microscopy"), the usual measure of sharpness, is small for every sky and sea; here the strongest
    edges count, which blur takes away and an empty background does not.

    ``step`` is called with the fraction done.
    """
    found = np.empty((4, len(images)), np.float32)
    for start in range(0, len(images), _CHUNK):
        grey = luminance(images[start : start + _CHUNK])
        ordered = np.sort(grey.reshape(len(grey), -1), axis=1)
        tail = round(_TAIL * (ordered.shape[1] - 1))
        rows = found[:, start : start + _CHUNK]
        rows[0], rows[1], rows[2] = ordered.mean(axis=1), ordered[:, tail], ordered[:, -1 - tail]
        rows[3] = [_sharpness(image) for image in grey]
        if step is not None:
            step(min(1.0, (start + _CHUNK) / len(images)))
    return Quality(*found)


def _sharpness(grey: np.ndarray) -> float:
    longest = max(grey.shape)
    if longest > _SIDE:
        size = tuple(max(1, round(n * _SIDE / longest)) for n in grey.shape[::-1])
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    edges = np.abs(cv2.Laplacian(grey, cv2.CV_32F, borderType=cv2.BORDER_REPLICATE))
    tail = round(_TAIL * (grey.size - 1))
    levels, edges = np.sort(grey, axis=None), np.sort(edges, axis=None)
    contrast = float(levels[-1 - tail] - levels[tail])
    return float(edges[-1 - tail]) / contrast if contrast >= 1 else np.inf


def too_dark(quality: Quality) -> Unusual:
    """Nearly all of the image is dark, or it is very dark on average."""
    where = (quality.brightest < DARK) & (_distance(quality.brightest) < -_FAR)
    black = (quality.mean < DARK_MEAN) & (quality.brightest < DARK_PARTS)
    where |= black & (_distance(quality.mean) < -_FAR)
    return Unusual(where, -quality.brightest)


def too_bright(quality: Quality) -> Unusual:
    """Nearly all of the image is bright, or it is very bright on average."""
    where = (quality.darkest > BRIGHT) & (_distance(quality.darkest) > _FAR)
    white = (quality.mean > BRIGHT_MEAN) & (quality.darkest > BRIGHT_PARTS)
    where |= white & (_distance(quality.mean) > _FAR)
    return Unusual(where, quality.darkest)


def blurred(quality: Quality) -> Unusual:
    """Even the strongest edges are soft."""
    sharp = np.log(np.maximum(quality.sharpness, 1e-6))
    where = (quality.sharpness < BLURRED) & (_distance(sharp) < -_FAR)
    return Unusual(where, -sharp)


def odd_size(sizes: np.ndarray) -> Unusual:
    """Much wider, much higher or much smaller than the others, from the (n, 2) sizes they had.

    Large images are no problem: shrinking loses little. Small ones were enlarged, and of an unusual
    shape much was cut off or squeezed.
    """
    height, width = np.maximum(sizes.astype(np.float64), 1).T
    shape, side = np.log(width / height), np.log(height * width) / 2
    odd = np.abs(shape - np.median(shape)) / np.log(ODD_SHAPE)
    small = (np.median(side) - side) / np.log(SMALL)
    where = (odd > 1) & (np.abs(_distance(shape)) > _FAR)
    where |= (small > 1) & (_distance(side) < -_FAR)
    return Unusual(where, np.maximum(odd, small).astype(np.float32))


def _distance(values: np.ndarray) -> np.ndarray:
    """Robust standard deviations from the median; infinite for what differs from equal values."""
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return np.zeros(len(values))
    middle = np.median(finite)
    spread = _NORMAL * np.median(np.abs(finite - middle))
    return (values - middle) / max(float(spread), 1e-6)
