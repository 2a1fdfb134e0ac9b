"""A heatmap to keep: a PNG with the photo beside it, what it shows in words, and its scale."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cnnviz.figures import overlays

_SIDE = 480  # smaller photos are enlarged to this
_MARGIN, _GAP = 28, 16
_SCALE_WIDTH = 420
_INK, _MUTED = "#1f2233", "#585d72"
_FONTS = {
    False: (
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "/System/Library/Fonts/PingFang.ttc",
    ),
    True: (
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
        "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
        "/System/Library/Fonts/PingFang.ttc",
    ),
}


@lru_cache(maxsize=16)
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font with Chinese glyphs where one is installed, else the one Pillow brings."""
    for path in _FONTS[bold]:
        if Path(path).exists():
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)


def legend_png(
    photo: np.ndarray,
    heat: np.ndarray,
    lines: Sequence[str],
    *,
    low: str = "0",
    middle: str = "",
    high: str = "",
    opacity: float = 0.75,
    signed: bool = False,
    largest: float | None = None,
    under: np.ndarray | None = None,
) -> bytes:
    """The plain ``photo`` and the overlay side by side, words under them, and the scale.

    The first of ``lines`` is the title. ``low``, ``middle`` and ``high`` name places of the scale.
    ``under`` is what the heat is laid on, by default the photo itself; ``opacity``, ``signed`` and
    ``largest`` are those of :func:`cnnviz.figures.overlays.overlay`.
    """
    shown = overlays.overlay(
        photo if under is None else under,
        heat,
        opacity,
        signed=signed,
        largest=largest,
        smallest_side=_SIDE,
    )
    height, width = shown.image.shape[:2]
    pictures = [overlays.enlarged(photo, _SIDE), shown.image]
    total = max(2 * width + _GAP, _SCALE_WIDTH)
    texts = [
        piece
        for number, line in enumerate(lines)
        for piece in _wrapped(line, font(26 if number == 0 else 19, number == 0), total, number)
    ]
    page = Image.new(
        "RGB",
        (total + 2 * _MARGIN, height + 2 * _MARGIN + sum(s for _, _, s in texts) + 96),
        "#ffffff",
    )
    for position, picture in enumerate(pictures):
        page.paste(Image.fromarray(picture), (_MARGIN + position * (width + _GAP), _MARGIN))
    pen = ImageDraw.Draw(page)
    y = _MARGIN + height + 14
    for text, number, step in texts:
        look = font(26 if number == 0 else 19, number == 0)
        pen.text((_MARGIN, y), text, font=look, fill=_INK if number == 0 else _MUTED)
        y += step
    if shown.evidence:
        page.paste(Image.fromarray(_bar(signed)), (_MARGIN, y + 14))
        for word, share, anchor in ((low, 0, "la"), (middle, 0.5, "ma"), (high, 1, "ra")):
            place = (_MARGIN + share * _SCALE_WIDTH, y + 34)
            pen.text(place, word, font=font(17), fill=_MUTED, anchor=anchor)
    buffer = BytesIO()
    page.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _bar(signed: bool) -> np.ndarray:
    """The scale of an overlay on white paper, (16, width, 3)."""
    level = np.round(np.linspace(1 if signed else 0, 255, _SCALE_WIDTH)).astype(int)
    shares = np.abs(level - 128) / 127 if signed else level / 255
    fade = overlays.fade(shares)[:, None]
    row = 255 * (1 - fade) + overlays.heat_table(signed)[level] * fade
    return np.round(row).astype(np.uint8)[None].repeat(16, axis=0)


def _wrapped(line: str, look: ImageFont.ImageFont, width: int, number: int) -> list[tuple]:
    """(text, number of the line, height) for each piece that fits; Chinese breaks anywhere."""
    step = 40 if number == 0 else 29
    pieces, current = [], ""
    for word in _words(line):
        if current and look.getlength(current + word) > width:
            pieces.append((current.rstrip(), number, step))
            current = word.lstrip()
        else:
            current += word
    return [*pieces, (current, number, step)]


def _words(line: str) -> list[str]:
    parts: list[str] = []
    for char in line:
        wide = ord(char) > 0x2E80
        if parts and not wide and not parts[-1].endswith(" ") and ord(parts[-1][-1]) <= 0x2E80:
            parts[-1] += char
        else:
            parts.append(char)
    return parts
