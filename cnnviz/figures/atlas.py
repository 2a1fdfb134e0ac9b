"""Thumbnails of many images on a few sheets, which a browser fetches when it needs one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from cnnviz.figures.tiles import Geometry, Sprite, image_sprite

SIDE = 32  # pixels of a thumbnail's longer side, at most
# Of a sheet. Browsers take up to 4096; half of it decodes in a quarter of the time, and who looks
# at one corner of a map of ten thousand images needs no more than one or two of its sheets.
LARGEST_SHEET = 2048


@dataclass(frozen=True)
class Atlas:
    """``count`` thumbnails on ``sheets``, in order; all sheets but the last hold equally many.

    ``data`` and ``geometry`` are those of the first sheet, so that an atlas of one sheet can stand
    wherever a sprite can.
    """

    sheets: tuple[Sprite, ...]
    count: int

    @property
    def data(self) -> bytes:
        return self.sheets[0].data

    @property
    def geometry(self) -> Geometry:
        return self.sheets[0].geometry


def thumbnail_size(height: int, width: int, side: int = SIDE) -> tuple[int, int]:
    """Height and width of the thumbnail of an image: never larger than the image itself."""
    scale = min(1.0, side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def thumbnail(image: np.ndarray, side: int = SIDE) -> np.ndarray:
    """An image (h, w, c) uint8 averaged down to ``side`` pixels; small ones stay as they are."""
    height, width = thumbnail_size(*image.shape[:2], side)
    if (height, width) == image.shape[:2]:
        return image
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return small.reshape(height, width, image.shape[2])


def atlas_of(images: Iterable[np.ndarray], side: int = SIDE, largest: int = LARGEST_SHEET) -> Atlas:
    """Images, (h, w, 1 or 3) uint8 of one shape, as thumbnails of at most ``side`` pixels.

    They are read one after the other; no more than one sheet (``largest`` pixels a side) is held
    in memory before it is encoded. Grey sheets are exact (PNG), those in colour JPEG.
    """
    small = (thumbnail(image, side) for image in images)
    sheets, count = [], 0
    for sheet in _in_sheets(small, largest):
        sheets.append(image_sprite(sheet, exact=False))
        count += len(sheet)
    if not sheets:  # nothing to show is a sheet without a picture
        sheets.append(image_sprite(np.zeros((1, 1, 1, 1), np.uint8)))
    return Atlas(tuple(sheets), count)


def _in_sheets(small: Iterator[np.ndarray], largest: int) -> Iterator[np.ndarray]:
    first = next(small, None)
    if first is None:
        return
    height, width = first.shape[:2]
    # The columns of a sheet follow from the number of its images (image_sprite); a square of
    # whole images never grows beyond its side.
    share = (largest // max(height, width)) ** 2
    held = [first]
    while held:
        held += islice(small, share - len(held))
        yield np.stack(held)
        held = list(islice(small, 1))
