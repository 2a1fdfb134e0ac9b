"""Colour tables: which colour stands for which number, the same on every page.

A table is (256, 3) uint8 RGB, indexed by a quantised value. Nothing here is a rainbow: sequential
tables change steadily in lightness, diverging ones equally to both sides of index 128.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

# Matthew A. Petroff, "Accessible Color Sequences for Data Visualization", arXiv 2107.02270.
PETROFF10 = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)

ACCENT_LIGHT, ACCENT_DARK = "#3f51b5", "#8b98ee"
CENTRE = 128  # the index of zero in a diverging table

# Stops of the maps from small to large values; between them Oklab is interpolated, so that equal
# steps look equal.
_SEQUENTIAL = ("#f2f5fb", "#d3e1f4", "#9fc0e4", "#5b8fce", "#2a5ba8", "#0b2a66")
_SEQUENTIAL_DARK = ("#191d2b", "#1f2e50", "#2a4f8f", "#4b86d6", "#9cc6f5", "#f4faff")
_ARMS = {False: ("#f6f7fa", 0.36), True: ("#20242f", 0.84)}  # middle, lightness of both ends
_BLUE, _RED = (-0.030, -0.130), (0.140, 0.072)  # Oklab a, b of the ends

# Björn Ottosson, "A perceptual color space for image processing", 2020 (public domain).
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def rgb(colour: str) -> tuple[int, int, int]:
    """“#3f51b5” → (63, 81, 181)."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def hexadecimal(colour: np.ndarray | tuple[int, ...]) -> str:
    """(63, 81, 181) → “#3f51b5”."""
    return "#" + "".join(f"{int(part):02x}" for part in colour[:3])


def oklab(colours: np.ndarray) -> np.ndarray:
    """sRGB 0–255 (…, 3) → Oklab (…, 3): lightness 0–1, green–red, blue–yellow."""
    share = np.asarray(colours, np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T


def from_oklab(lab: np.ndarray) -> np.ndarray:
    """Oklab (…, 3) → sRGB uint8, clipped to what a screen can show."""
    linear = (lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_LMS).T
    linear = np.clip(linear, 0, 1)
    share = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(share * 255).astype(np.uint8)


def _through(stops: np.ndarray, count: int) -> np.ndarray:
    """``count`` colours along Oklab ``stops``, evenly spaced in lightness."""
    lightness = stops[:, 0]
    order = np.argsort(lightness)
    wanted = np.linspace(lightness[0], lightness[-1], count)
    parts = [np.interp(wanted, lightness[order], stops[order, axis]) for axis in (1, 2)]
    return np.stack([wanted, *parts], axis=-1)


def _frozen(table: np.ndarray) -> np.ndarray:
    table.flags.writeable = False  # tables are shared between threads
    return table


@lru_cache
def inferno() -> np.ndarray:
    """The inferno map (CC0, Nathaniel Smith and Stéfan van der Walt), as OpenCV carries it."""
    ramp = np.arange(256, dtype=np.uint8)[None]
    return _frozen(cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)[0, :, ::-1].copy())


@lru_cache
def sequential(dark: bool = False) -> np.ndarray:
    """For values from 0 up: pale is 0, deep blue the largest; on dark, dim to bright."""
    stops = oklab(np.array([rgb(c) for c in (_SEQUENTIAL_DARK if dark else _SEQUENTIAL)]))
    return _frozen(from_oklab(_through(stops, 256)))


@lru_cache
def diverging(dark: bool = False) -> np.ndarray:
    """For signed values: 128 is zero, blue below, red above, equally strong at equal distance.

    128 + k and 128 − k have the same lightness for k = 1 … 127; index 0 equals index 1.
    """
    middle, end = _ARMS[dark]
    zero = oklab(np.array(rgb(middle)))
    share = np.linspace(0, 1, CENTRE)[:, None]
    # Colour comes faster than lightness, so that small values already show their sign.
    arms = []
    for hue in (_BLUE, _RED):
        strength = np.sqrt(share) * (1.75 - 0.75 * share)
        lightness = zero[0] + (end - zero[0]) * share
        arms.append(np.concatenate([lightness, strength * np.array(hue)], axis=1))
    blue, red = arms
    table = np.concatenate([blue[:0:-1], red])  # 127 below, zero, 127 above
    return _frozen(from_oklab(np.concatenate([table[:1], table])))


@lru_cache(maxsize=2048)
def class_colour(index: int) -> str:
    """The colour of class ``index``, the same everywhere: Petroff's ten, then lighter and darker.

    Thirty colours can be told apart with effort; after that they repeat, and names must help.
    """
    base, turn = PETROFF10[index % 10], index // 10 % 3
    if turn == 0:
        return base
    lab = oklab(np.array(rgb(base)))
    towards = np.array([0.97, 0, 0]) if turn == 1 else np.array([0.18, 0, 0])
    return hexadecimal(from_oklab(lab + (towards - lab) * 0.45))


def accent(dark: bool = False) -> str:
    """The one accent colour."""
    return ACCENT_DARK if dark else ACCENT_LIGHT
