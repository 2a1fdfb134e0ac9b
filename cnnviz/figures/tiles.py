"""A layer's feature maps as one grid of tiles, and which channel lies under a click."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cnnviz.figures.colours import ACCENT_DARK, ACCENT_LIGHT, CENTRE, diverging, rgb, sequential
from cnnviz.figures.png import encode_palette_png, enlarge

# The first colours of a grid's palette are not values; the rest are the colour map.
_GAP, _HATCH, _HATCH_LINE, _OUTLINE, _FIRST = 0, 1, 2, 3, 4
# Half the levels: nobody sees a step of 1/125 in a thumbnail, and the file is a sixth smaller.
_LEVELS = 125
_ZERO = _FIRST + (_LEVELS - 1) // 2  # where a signed value of zero lands
_HATCH_COLOURS = {False: ("#ffffff", "#c3c7d4"), True: ("#161923", "#4a5064")}


@dataclass(frozen=True)
class Geometry:
    """Where the tiles of a grid lie, in pixels of its picture.

    ``count`` tiles of ``height`` × ``width``, ``columns`` a row, ``gap`` pixels apart and around.
    """

    count: int
    columns: int
    height: int
    width: int
    gap: int

    @property
    def rows(self) -> int:
        return -(-self.count // self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the whole picture."""
        return (
            self.rows * (self.height + self.gap) + self.gap,
            self.columns * (self.width + self.gap) + self.gap,
        )

    def origin(self, tile: int) -> tuple[int, int]:
        """Top and left of a tile."""
        row, column = divmod(tile, self.columns)
        return (
            self.gap + row * (self.height + self.gap),
            self.gap + column * (self.width + self.gap),
        )

    def tile_at(self, y: float, x: float) -> int | None:
        """The tile under a point; None in a gap or outside."""
        row, top = divmod(y - self.gap, self.height + self.gap)
        column, left = divmod(x - self.gap, self.width + self.gap)
        if not (
            0 <= column < self.columns and row >= 0 and top < self.height and left < self.width
        ):
            return None
        tile = int(row * self.columns + column)
        return tile if tile < self.count else None


@dataclass(frozen=True)
class TileGrid:
    """``indices`` (H, W) uint8 into ``table`` (256, 4); ``geometry`` says where the tiles lie."""

    indices: np.ndarray
    table: np.ndarray
    geometry: Geometry

    def png(self) -> bytes:
        return encode_palette_png(self.indices, self.table)


def quantise(values: np.ndarray) -> tuple[np.ndarray, float, bool]:
    """One map (h, w) float → (uint8, scale, signed) as the answers of workers are.

    Without negative values 255 · v / max; with them 128 + 127 · v / max |v|, so that zero is 128
    and v and −v lie equally far from it. A map of zeros has scale 0.
    """
    signed = bool(values.min() < 0)
    scale = float(np.abs(values).max())
    if scale == 0:
        return np.zeros(values.shape, np.uint8), 0.0, False
    shares = values / scale
    levels = CENTRE + 127 * shares if signed else 255 * shares
    return np.round(levels).astype(np.uint8), scale, signed


def rescale(tiles: np.ndarray, scale: Sequence[float] | np.ndarray, signed: bool) -> np.ndarray:
    """Maps quantised each on its own scale → on the largest scale of all, so that they compare."""
    scale = np.asarray(scale, np.float32)
    shares = scale / max(float(scale.max()), 1e-30)
    zero = CENTRE if signed else 0
    shown = zero + (tiles.astype(np.float32) - zero) * shares[:, None, None]
    return np.round(shown).astype(np.uint8)


def colour_table(signed: bool, dark: bool = False) -> np.ndarray:
    """The (256, 3) table for maps quantised as above."""
    return diverging(dark) if signed else sequential(dark)


def map_png(tile: np.ndarray, signed: bool, dark: bool = False, side: int = 0) -> bytes:
    """One quantised map (h, w) uint8 as a PNG; enlarged towards ``side`` pixels where given."""
    factor = max(1, round(side / max(tile.shape)))
    return encode_palette_png(enlarge(tile, factor), colour_table(signed, dark))


@dataclass(frozen=True)
class Sprite:
    """Many small images in one file: ``data`` (PNG or JPEG), ``geometry`` says where each lies."""

    data: bytes
    geometry: Geometry


def map_sprite(
    tiles: np.ndarray, *, signed: bool = False, dark: bool = False, largest: int = 112
) -> Sprite:
    """Quantised maps (k, h, w) uint8 as one palette PNG for a browser, which enlarges them.

    Maps keep their own size; those with a side longer than ``largest`` are averaged down to it.
    """
    shown = _fitted(tiles, largest) if max(tiles.shape[1:]) > largest else tiles
    picture, geometry = _joined(shown[..., None])
    return Sprite(encode_palette_png(picture[..., 0], colour_table(signed, dark)), geometry)


def image_sprite(images: np.ndarray, *, exact: bool = True) -> Sprite:
    """Images (k, h, w, 1 or 3) uint8 as one file for a browser, at their own size.

    Grey images are always exact (PNG). Colour ones in their thousands, only glanced at, are a
    quarter of the size with ``exact=False`` (JPEG).
    """
    picture, geometry = _joined(images)
    if picture.shape[-1] == 1:
        ramp = np.arange(256, dtype=np.uint8)[:, None].repeat(3, axis=1)
        return Sprite(encode_palette_png(picture[..., 0], ramp), geometry)
    kind, setting = ".png", [cv2.IMWRITE_PNG_COMPRESSION, 2]
    if not exact:
        kind, setting = ".jpg", [cv2.IMWRITE_JPEG_QUALITY, 90]
    return Sprite(cv2.imencode(kind, picture[..., ::-1], setting)[1].tobytes(), geometry)


def _joined(images: np.ndarray) -> tuple[np.ndarray, Geometry]:
    count, height, width, channels = images.shape
    columns = max(1, math.ceil(math.sqrt(count * height / width)))
    geometry = Geometry(count, columns, height, width, 0)
    cells = np.zeros((geometry.rows * columns, height, width, channels), np.uint8)
    cells[:count] = images
    cells = cells.reshape(geometry.rows, columns, height, width, channels)
    return cells.transpose(0, 2, 1, 3, 4).reshape(*geometry.size, channels), geometry


def tile_grid(
    tiles: np.ndarray,
    *,
    signed: bool = False,
    dead: Sequence[bool] | None = None,
    columns: int = 8,
    side: int = 54,
    gap: int = 3,
    selected: int | None = None,
    dark: bool = False,
) -> TileGrid:
    """All maps (k, h, w) uint8, quantised as ``quantise`` does, as one picture.

    A tile's longer side is close to ``side`` pixels: small maps are enlarged by a whole factor,
    large ones averaged. Dead channels are hatched, the selected tile is outlined.
    """
    tiles = _fitted(tiles, side)
    count, height, width = tiles.shape
    geometry = Geometry(count, min(columns, count), height, width, gap)
    picture = np.full(geometry.size, _GAP, np.uint8)
    levels = _palette_levels(signed)[tiles]
    hatch = _hatch(height, width)
    for tile in range(count):
        y, x = geometry.origin(tile)
        picture[y : y + height, x : x + width] = (
            hatch if dead is not None and dead[tile] else levels[tile]
        )
    if selected is not None and 0 <= selected < count:
        _outline(picture, geometry, selected)
    return TileGrid(picture, _palette(signed, dark), geometry)


def _fitted(tiles: np.ndarray, side: int) -> np.ndarray:
    longest = max(tiles.shape[1:])
    if longest <= side:
        factor = max(1, round(side / longest))
        return tiles.repeat(factor, axis=1).repeat(factor, axis=2)
    height, width = (max(1, round(n * side / longest)) for n in tiles.shape[1:])
    return np.stack([cv2.resize(t, (width, height), interpolation=cv2.INTER_AREA) for t in tiles])


def _palette_levels(signed: bool) -> np.ndarray:
    """Quantised value (0–255) → index of the grid's palette."""
    values = np.arange(256)
    if signed:
        half = _ZERO - _FIRST
        steps = np.round(np.abs(values - CENTRE) * half / 127).clip(max=half)
        return (_ZERO + np.sign(values - CENTRE) * steps).astype(np.uint8)
    return (_FIRST + np.round(values * (_LEVELS - 1) / 255)).astype(np.uint8)


def _palette(signed: bool, dark: bool) -> np.ndarray:
    table = np.full((256, 4), 255, np.uint8)
    table[_GAP] = 0
    paper, line = _HATCH_COLOURS[dark]
    table[_HATCH, :3], table[_HATCH_LINE, :3] = rgb(paper), rgb(line)
    table[_OUTLINE, :3] = rgb(ACCENT_DARK if dark else ACCENT_LIGHT)
    # Each palette entry takes the colour of a value that is shown with it.
    levels = _palette_levels(signed)
    table[levels, :3] = colour_table(signed, dark)
    if signed:
        table[_ZERO, :3] = colour_table(signed, dark)[CENTRE]
    return table


def _hatch(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    period = 8 if min(height, width) >= 24 else 4
    return np.where((x + y) % period < max(1, period // 4), _HATCH_LINE, _HATCH).astype(np.uint8)


def _outline(picture: np.ndarray, geometry: Geometry, tile: int) -> None:
    y, x = geometry.origin(tile)
    edge = max(2, geometry.gap)
    top, left = y - geometry.gap, x - geometry.gap
    bottom, right = y + geometry.height + geometry.gap, x + geometry.width + geometry.gap
    picture[top : top + edge, left:right] = _OUTLINE
    picture[bottom - edge : bottom, left:right] = _OUTLINE
    picture[top:bottom, left : left + edge] = _OUTLINE
    picture[top:bottom, right - edge : right] = _OUTLINE
