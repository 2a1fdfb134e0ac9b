"""Images that are there twice: within a split, or in two splits.

Found are copies, also when one was saved again as JPEG, made brighter, darker, mirrored or moved by
a pixel. Candidates are the nearest by features of the network and by amplitude spectrum; pixels
decide, so that images which are merely alike do not count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import scipy.fft

from cnnviz.evaluation.image_quality import luminance

# What copies have in common, at least or at most. Trousers of the same cut, one pair white and one
# grey, correlate by 0.995 and are no copies: where there is something to see they differ by 16 and
# more, two upright ones of MNIST by 32; copies saved as JPEG of quality 75 by 12 and seldom 16.
CORRELATION = 0.93  # of all pixels and colours
INNER_CORRELATION = 0.95  # of luminance where neither image is black or white
DIFFERENCE = 15.0  # grey levels (root mean square) where not both are black, or both white
SMALL_DIFFERENCE = 8.5  # enough for faint images, whose inside JPEG leaves little of
_NEAREST = 3  # candidates of each image, by each kind of likeness
_ALIKE = 0.55  # before they are compared in detail; overexposed copies are not very alike
_BLANK = 12  # grey levels from black or white in which there is nothing to see
_DOUBTFUL = 0.97  # pairs this close are tried with every shift
_SHIFTS = [(dy, dx) for dy in (0, -1, 1) for dx in (0, -1, 1)]
_SIDE = 32  # pixels of a side at which spectra are taken
_DETAIL = 64  # pixels of a side at which images are compared
_FREQUENCIES = 8
_CHUNK = 256  # images in memory at once
_CELLS = 1 << 23  # similarities in memory at once
_VALUES = 1 << 22  # values of pairs that are compared at once

Step = Callable[[float], None]


@dataclass(frozen=True)
class Twins:
    """m pairs: ``first`` (m,) and ``second`` (m,) are places of images, ``mirrored`` (m,) bool.

    ``correlation`` (m,) float32 says how alike their pixels are. Within one set ``first`` <
    ``second``.
    """

    first: np.ndarray
    second: np.ndarray
    mirrored: np.ndarray
    correlation: np.ndarray


def find_twins(
    images: np.ndarray,
    others: np.ndarray | None = None,
    features: np.ndarray | None = None,
    other_features: np.ndarray | None = None,
    step: Step | None = None,
) -> Twins:
    """Pairs of near-duplicates.

    Args:
        images: (n, h, w, c) uint8, all of one size; may be a file mapped into memory.
        others: (k, h, w, c) of the same size, in which to look for twins of ``images``; None to
            look within ``images``.
        features: (n, d) what a layer made of ``images``, for more candidates.
        other_features: (k, d) likewise.
        step: called with the fraction done.

    Memory stays bounded: similarities are taken block by block, pixels a few hundred pairs at once.
    """
    step = step or (lambda fraction: None)
    within = others is None
    if len(images) == 0 or (not within and len(others) == 0):
        nothing = np.empty(0, np.int64)
        return Twins(nothing, nothing, nothing.astype(bool), nothing.astype(np.float32))
    rows = [_spectra(images, lambda f: step(0.1 * f))]
    columns = rows if within else [_spectra(others, lambda f: step(0.1 + 0.1 * f))]
    if features is not None and (within or other_features is not None):
        rows.append([unit_rows(features)])
        columns = rows if within else [*columns, [unit_rows(other_features)]]
    kinds = [pair for a, b in zip(rows, columns, strict=True) for pair in zip(a, b, strict=True)]
    found = []
    for k, (a, b) in enumerate(kinds):
        found.append(_nearest(a, b, within, lambda f, k=k: step(0.2 + 0.5 * (k + f) / len(kinds))))
    pairs = np.unique(np.concatenate(found), axis=0)
    return _compared(images, images if within else others, pairs, lambda f: step(0.7 + 0.3 * f))


def unit_rows(features: np.ndarray) -> np.ndarray:
    """(n, d) float32 rows of length 1, so that inner products are cosine similarities."""
    rows = np.nan_to_num(np.asarray(features, np.float32), posinf=0, neginf=0)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def _spectra(images: np.ndarray, step: Step) -> list[np.ndarray]:
    """Two descriptions (n, d) of each image, of length 1, for copies and shifted copies.

    The amplitudes of a Fourier transform stay when an image moves; of each pair of mirrored
    frequencies the sum and the absolute difference stay when it is mirrored. A small power lets
    faint frequencies count. A window helps where a shift changes the border (photos) and harms
    where it makes the object fade (products on black), hence both.
    """
    found: list[list[np.ndarray]] = [[], []]
    for start in range(0, len(images), _CHUNK):
        grey = _shrunk(luminance(images[start : start + _CHUNK])[..., None], _SIDE)[..., 0]
        grey -= grey.mean(axis=(1, 2), keepdims=True)
        found[0].append(_amplitudes(grey))
        found[1].append(_amplitudes(grey * _window(*grey.shape[1:])))
        step(min(1.0, (start + _CHUNK) / len(images)))
    return [np.concatenate(f) for f in found]


def _amplitudes(grey: np.ndarray) -> np.ndarray:
    most = min(_FREQUENCIES, (min(grey.shape[1:]) - 1) // 2)
    whole = np.abs(np.fft.fft2(grey)).astype(np.float32)
    falling = whole[:, : most + 1, : most + 1]
    rising = np.roll(whole[:, ::-1], 1, axis=1)[:, : most + 1, : most + 1]
    both = np.concatenate(
        [
            (falling + rising).reshape(len(grey), -1),
            np.abs(falling - rising)[:, 1:, 1:].reshape(len(grey), -1),
        ],
        axis=1,
    )
    return unit_rows(both**0.3)


def _nearest(a: np.ndarray, b: np.ndarray, within: bool, step: Step) -> np.ndarray:
    """Pairs (m, 2): each row of ``a`` with the rows of ``b`` that are most like it."""
    count = min(_NEAREST, len(b) - within)
    if count < 1 or len(a) == 0:
        return np.empty((0, 2), np.int64)
    block, parts = max(1, _CELLS // len(b)), []
    for start in range(0, len(a), block):
        likeness = a[start : start + block] @ b.T
        places = np.arange(len(likeness))
        if within:
            likeness[places, start + places] = -np.inf
        for _ in range(count):  # of so few, faster than a partition
            best = np.argmax(likeness, axis=1)
            likeness[places, best] = -np.inf
            parts.append(np.stack([start + places, best], axis=1))
        step(min(1.0, (start + block) / len(a)))
    pairs = np.concatenate(parts)
    return np.sort(pairs, axis=1) if within else pairs


def _compared(images: np.ndarray, others: np.ndarray, pairs: np.ndarray, step: Step) -> Twins:
    """Those of the candidates ``pairs`` (m, 2) that are copies by their pixels."""
    found = [np.empty((0, 4))]  # first, second, mirrored, correlation
    height, width, channels = images[:1].shape[1:]
    many = max(1, _VALUES // (min(height, _DETAIL) * min(width, _DETAIL) * channels))
    for start in range(0, len(pairs), many):
        part = pairs[start : start + many]
        first, second = _detailed(images, part[:, 0]), _detailed(others, part[:, 1])
        mirrored, correlation = _copies(first, second)
        where = np.flatnonzero(correlation > 0)
        found.append(np.column_stack([part[where], mirrored[where], correlation[where]]))
        step(min(1.0, (start + many) / len(pairs)))
    table = np.concatenate(found)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    first, second = table[:, :2].astype(np.int64).T
    return Twins(first, second, table[:, 2] > 0, table[:, 3].astype(np.float32))


def _copies(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whether the second of m pairs is mirrored (m,) bool, and the correlation, 0 if no copy."""
    mirrored, correlation = np.zeros(len(first), bool), np.zeros(len(first), np.float32)
    closest = np.zeros(len(first), np.float32)

    def compare(where: np.ndarray, flip: bool, dy: int, dx: int) -> None:
        other = second[where][:, :, ::-1] if flip else second[where]
        pixels = _overlap(first[where], other, dy, dx)
        equal, difference = _likeness(*pixels)
        if first.shape[3] == 3:  # JPEG is careless with colours: luminance may vouch for them
            grey = (luminance(x)[..., None] for x in (first[where], other))
            pixels = _overlap(*grey, dy, dx)
            difference = np.minimum(difference, _likeness(*pixels)[1])
        closest[where] = np.maximum(closest[where], equal)
        copies = (_inner_correlation(*pixels) >= INNER_CORRELATION) & (difference <= DIFFERENCE)
        copies |= difference <= SMALL_DIFFERENCE
        better = copies & (equal >= CORRELATION) & (equal > correlation[where])
        mirrored[where[better]], correlation[where[better]] = flip, equal[better]

    before = np.zeros((4, len(first)))
    for windowed in (False, True):
        aligned = np.array(_aligned(first, second, windowed))
        likely = (aligned[0] > _ALIKE) & (aligned[1:] != before[1:]).any(axis=0)
        likely |= (aligned[0] > _ALIKE) & (before[0] <= _ALIKE)
        before = aligned
        flips, (rows, columns) = aligned[1] > 0, aligned[2:].astype(int)
        for flip, dy, dx in set(zip(flips[likely], rows[likely], columns[likely], strict=True)):
            same = likely & (flips == flip) & (rows == dy) & (columns == dx)
            compare(np.flatnonzero(same), flip, dy, dx)
    # The border can speak for the wrong shift: close ones are tried with every one of them.
    doubtful = np.flatnonzero((closest > _DOUBTFUL) & (correlation == 0))
    if len(doubtful):
        for flip in (False, True):
            for dy, dx in _SHIFTS:
                compare(doubtful, flip, dy, dx)
    # Images of one colour have no pattern to compare: only equal ones are copies.
    plain = first.reshape(len(first), -1).std(axis=1) < 1
    plain &= (first == second).reshape(len(first), -1).all(axis=1)
    mirrored[plain], correlation[plain] = False, 1
    return mirrored, correlation


def _detailed(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Some of the images (m, h, w, c) float32, at the size at which they are compared."""
    return _shrunk(images[places].astype(np.float32), _DETAIL)


def _shrunk(images: np.ndarray, side: int) -> np.ndarray:
    """(n, h, w, c) float32 with sides of at most ``side``."""
    height, width = (min(n, side) for n in images.shape[1:3])
    if images.shape[1:3] == (height, width):
        return images
    small = [cv2.resize(i, (width, height), interpolation=cv2.INTER_AREA) for i in images]
    return np.stack(small).reshape(len(images), height, width, images.shape[3])


def _aligned(first: np.ndarray, second: np.ndarray, windowed: bool) -> tuple[np.ndarray, ...]:
    """The best of the shifts by up to a pixel, straight or mirrored, of m pairs of images.

    Images count as rings here. A sky that brightens from left to right then seems to jump at the
    border, which a window hides.

    Returns:
        (m,) correlations of the luminance, whether mirrored (bool), and by how many rows and
        columns the first is ahead.
    """
    height, width = first.shape[1:3]
    a, b = (scipy.fft.rfft2(_standard(x, windowed)) for x in (first, second))
    turn = np.exp(2j * np.pi * np.arange(b.shape[2]) / width).astype(b.dtype)
    mirrored = np.conj(np.roll(b[:, ::-1], 1, axis=1)) * turn  # of second[:, :, ::-1]
    waves = _waves(height, width)
    found = []
    for transformed in (b, mirrored):
        product = (a * np.conj(transformed)).reshape(len(a), -1)
        found.append(product.view(np.float32) @ waves)
    found = np.concatenate(found, axis=1)
    best = np.argmax(found, axis=1)
    rows, columns = np.array(_SHIFTS)[best % len(_SHIFTS)].T
    return np.max(found, axis=1), best >= len(_SHIFTS), rows, columns


def _waves(height: int, width: int) -> np.ndarray:
    """(2 · h · (w // 2 + 1), 9): what an inverse ``rfft2`` does for the nine shifts alone, of real
    and imaginary parts in turn."""
    ky, kx = np.arange(height)[:, None], np.arange(width // 2 + 1)
    twice = np.where((kx == 0) | (2 * kx == width), 1, 2)  # for the half that ``rfft2`` leaves out
    found = []
    for dy, dx in _SHIFTS:
        wave = twice * np.exp(2j * np.pi * (ky * dy / height + kx * dx / width))
        found.append(np.conj(wave).ravel().view(np.float64) / (height * width))
    return np.array(found, np.float32).T


def _standard(images: np.ndarray, windowed: bool) -> np.ndarray:
    """(m, h, w) luminance with mean 0 and length 1."""
    grey = luminance(images)
    grey = grey - grey.mean(axis=(1, 2), keepdims=True)
    if windowed:
        grey = grey * _window(*grey.shape[1:])
    return grey / np.maximum(np.linalg.norm(grey, axis=(1, 2), keepdims=True), 1e-6)


def _window(height: int, width: int) -> np.ndarray:
    """(h, w) float32 that falls to almost 0 towards the border."""
    return np.outer(np.hanning(height + 2)[1:-1], np.hanning(width + 2)[1:-1]).astype(np.float32)


def _overlap(
    first: np.ndarray, second: np.ndarray, dy: int, dx: int
) -> tuple[np.ndarray, np.ndarray]:
    """The parts (m, d) of two images that show the same when the first is ahead by (dy, dx)."""
    height, width = first.shape[1:3]
    a = first[:, max(dy, 0) : height + min(dy, 0), max(dx, 0) : width + min(dx, 0)]
    b = second[:, max(-dy, 0) : height + min(-dy, 0), max(-dx, 0) : width + min(-dx, 0)]
    return a.reshape(len(a), -1), b.reshape(len(b), -1)


def _likeness(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlation (m,), and difference (m,) in grey levels, once brightness and contrast of one
    are made those of the other; the better of both directions, since what was overexposed cannot be
    brought back."""
    least, most = np.minimum(a, b), np.maximum(a, b)
    inner = _inner(least, most, 2)
    seen = (least < 255 - _BLANK) & (most > _BLANK)
    seen[seen.mean(axis=1) < 0.01] = True
    (mean_a, off_a), (mean_b, off_b) = _centred(a, inner), _centred(b, inner)
    common = _sum(off_a * inner, off_b)
    known, plain = seen.astype(np.float32), (_spread(a), _spread(b))
    forth, off = _explained(b, mean_b, off_a, common / _squares(off_a, inner), known, *plain)
    plain = plain[::-1]
    back, off_back = _explained(a, mean_a, off_b, common / _squares(off_b, inner), known, *plain)
    return np.maximum(forth, back), np.where(forth >= back, off, off_back)


def _explained(
    wanted: np.ndarray,
    mean: np.ndarray,
    given: np.ndarray,
    gain: np.ndarray,
    seen: np.ndarray,
    spread_given: np.ndarray,
    spread_wanted: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """How well clip(gain · given + mean) is ``wanted``: correlation, and difference where ``seen``,
    on the scale of the stronger."""
    model = np.clip(mean + np.maximum(gain, 0)[:, None] * given, 0, 255)
    everywhere = np.ones((1, 1), np.float32)
    correlation = _sum(_centred(model, everywhere)[1], wanted) / (
        model.shape[1] * _spread(model) * spread_wanted
    )
    model -= wanted
    difference = np.sqrt(_sum(model * seen, model) / seen.sum(axis=1))
    return correlation, difference * np.maximum(1, spread_given / spread_wanted)


def _inner_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    inner = _inner(np.minimum(a, b), np.maximum(a, b), _BLANK)
    (_, a), (_, b) = _centred(a, inner), _centred(b, inner)
    return _sum(a * inner, b) / np.sqrt(_squares(a, inner) * _squares(b, inner))


def _inner(least: np.ndarray, most: np.ndarray, edge: int) -> np.ndarray:
    """(m, d) 1 where neither is within ``edge`` of black or white; all 1 where little else is."""
    inner = (least > edge) & (most < 255 - edge)
    inner[inner.mean(axis=1) < 0.01] = True
    return inner.astype(np.float32)


def _sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(m,) inner products of rows."""
    return np.einsum("md,md->m", a, b)


def _centred(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean (m, 1) of each row, and what is off it (m, d)."""
    weights = np.broadcast_to(weights, values.shape)
    mean = (_sum(values, weights) / weights.sum(axis=1))[:, None]
    return mean, values - mean


def _squares(off: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(m,) the weighted sum of squares; never 0."""
    return np.maximum(_sum(off * weights, off), 1e-6 * weights.sum(axis=1))


def _spread(values: np.ndarray) -> np.ndarray:
    """(m,) standard deviations; never 0."""
    return np.maximum(values.std(axis=1), 1e-3)
