"""The pixels that one unit of a layer can see, drawn on the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnnviz.figures.colours import ACCENT_LIGHT, rgb
from cnnviz.figures.png import enlarge_to
from cnnviz.models.cards import ReceptiveField


@dataclass(frozen=True)
class Field:
    """Rows ``top`` … ``bottom`` − 1 and columns ``left`` … ``right`` − 1 of the input.

    May reach outside the image: what lies there is padding.
    """

    top: int
    left: int
    bottom: int
    right: int

    def clipped(self, height: int, width: int) -> Field:
        """The part inside an image of that size."""
        return Field(
            min(max(self.top, 0), height),
            min(max(self.left, 0), width),
            min(max(self.bottom, 0), height),
            min(max(self.right, 0), width),
        )


def field_of(receptive_field: ReceptiveField, unit: tuple[int, int]) -> Field:
    """What unit (row, column) of the layer sees."""
    top, left = (
        receptive_field.start[axis] + unit[axis] * receptive_field.stride[axis] for axis in (0, 1)
    )
    return Field(top, left, top + receptive_field.size[0], left + receptive_field.size[1])


def draw_field(
    image: np.ndarray,
    receptive_field: ReceptiveField,
    unit: tuple[int, int],
    *,
    side: int = 480,
    dim: float = 0.38,
) -> np.ndarray:
    """(h, w, 1 or 3) uint8 → (H, W, 3): the field at full strength in a frame, the rest dimmed.

    The image is the network's input; it is enlarged towards ``side`` pixels with its pixels as
    squares. A field that lies outside the image altogether frames nothing.
    """
    shown = enlarge_to(image if image.shape[-1] == 3 else image.repeat(3, axis=-1), side)
    factor = shown.shape[0] // image.shape[0]
    inside = field_of(receptive_field, unit).clipped(*image.shape[:2])
    top, left, bottom, right = (
        n * factor for n in (inside.top, inside.left, inside.bottom, inside.right)
    )
    grey = shown.mean(axis=-1, keepdims=True)
    result = np.round(grey * dim + 255 * (1 - dim) * 0.42).repeat(3, axis=-1).astype(np.uint8)
    if top == bottom or left == right:
        return result
    result[top:bottom, left:right] = shown[top:bottom, left:right]
    for inset, width, colour in ((0, 6, (255, 255, 255)), (1, 4, rgb(ACCENT_LIGHT))):
        _frame(result, top + inset, left + inset, bottom - inset, right - inset, width, colour)
    return result


def _frame(
    image: np.ndarray,
    top: int,
    left: int,
    bottom: int,
    right: int,
    width: int,
    colour: tuple[int, int, int],
) -> None:
    width = max(1, min(width, (bottom - top) // 3, (right - left) // 3))
    image[top : top + width, left:right] = colour
    image[bottom - width : bottom, left:right] = colour
    image[top:bottom, left : left + width] = colour
    image[top:bottom, right - width : right] = colour
