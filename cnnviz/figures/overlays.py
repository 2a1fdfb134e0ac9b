"""A heatmap laid over its photo so that the photo stays readable, and the same for a download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cnnviz.figures.colours import diverging, hexadecimal, inferno
from cnnviz.figures.png import enlarge

# The darkest third of inferno would only blacken the photo, so warmth starts at its violet; the
# legend shows the same part of the map.
_COLDEST = 84
_FADE = 0.45  # the share of the largest heat from which on opacity is full
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


@dataclass(frozen=True)
class Overlay:
    """``image`` (H, W, 3) uint8; ``evidence`` is False where there was nothing to show.

    ``largest`` is the value the strongest colour stands for (for signed maps: of |v|).
    """

    image: np.ndarray
    evidence: bool
    largest: float


def heat_table(signed: bool = False) -> np.ndarray:
    """The (256, 3) table of overlays: inferno from violet up, or blue–white–red."""
    if signed:
        return diverging()
    return inferno()[np.round(np.linspace(_COLDEST, 250, 256)).astype(int)]


def _fade(shares: np.ndarray) -> np.ndarray:
    """Heat as a share of the largest (0–1) → how much of the full opacity it gets (smoothstep)."""
    steps = np.clip(shares / _FADE, 0, 1)
    return steps * steps * (3 - 2 * steps)


def enlarged(photo: np.ndarray, smallest_side: int = 384) -> np.ndarray:
    """(h, w, 1 or 3) uint8 → (H, W, 3): small images by a whole factor, their pixels as squares."""
    colour = photo if photo.shape[-1] == 3 else photo.repeat(3, axis=-1)
    return enlarge(colour, max(1, -(-smallest_side // max(photo.shape[:2]))))


def overlay(
    photo: np.ndarray,
    heat: np.ndarray,
    opacity: float = 0.75,
    *,
    signed: bool = False,
    largest: float | None = None,
    smallest_side: int = 384,
) -> Overlay:
    """Lay ``heat`` (any resolution, float; NaN where unknown) over ``photo`` (h, w, 1 or 3) uint8.

    Heat 0 (and below, unless ``signed``) leaves the photo exactly as it is; opacity grows with heat
    up to ``opacity``. ``largest`` fixes the value of the strongest colour, so that several maps
    compare; by default it is this map's largest. Without any positive value (signed: any value
    other than 0) the photo comes back unchanged with ``evidence=False``. Photos smaller than
    ``smallest_side`` are enlarged, the heat between them interpolated smoothly.
    """
    base = enlarged(photo, smallest_side)
    heat = np.nan_to_num(np.asarray(heat, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    strength = np.abs(heat) if signed else np.maximum(heat, 0)
    top = float(strength.max()) if largest is None else float(largest)
    if top <= 0 or float(strength.max()) <= 0:
        return Overlay(base, False, 0.0)
    shares = np.clip(heat / top, -1 if signed else 0, 1)
    if shares.shape != base.shape[:2]:
        shares = cv2.resize(shares, base.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    level = np.round(128 + 127 * shares if signed else 255 * shares).astype(np.uint8)
    weight = (opacity * _fade(np.abs(shares)))[..., None]
    mixed = base * (1 - weight) + heat_table(signed)[level] * weight
    return Overlay(np.round(mixed).astype(np.uint8), True, top)


def scale_svg(
    low: str,
    high: str,
    *,
    table: np.ndarray | None = None,
    middle: str = "",
    dark: bool = False,
    width: int = 260,
) -> str:
    """A colour scale as an SVG text: the colours of ``table`` from left to right with their words.

    ``table`` is by default the one of heatmaps; for maps pass ``tiles.colour_table(…)``.
    """
    shares = np.linspace(0, 1, 17)
    fades = _fade(shares) if table is None else np.ones(17)  # as an overlay fades
    table = heat_table() if table is None else table
    stops = "".join(
        f'<stop offset="{share:.4f}" stop-color="{hexadecimal(table[round(255 * share)])}" '
        f'stop-opacity="{fade:.3f}"/>'
        for share, fade in zip(shares, fades, strict=True)
    )
    ink, line = ("#c9cede", "#454a5c") if dark else ("#4a4f63", "#cfd3e0")
    words = [(2, "start", low), (width / 2, "middle", middle), (width - 2, "end", high)]
    texts = "".join(
        f'<text x="{x:g}" y="34" text-anchor="{anchor}">{escape(word)}</text>'
        for x, anchor, word in words
        if word
    )
    name = "scale" + format(abs(hash((table.tobytes(), width))) % 16**8, "x")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 40" width="{width}" '
        f'height="40" role="img" aria-label="{escape(low)} – {escape(high)}">'
        f'<defs><linearGradient id="{name}">{stops}</linearGradient></defs>'
        f'<rect x="1" y="1" width="{width - 2}" height="14" rx="3" fill="url(#{name})" '
        f'stroke="{line}"/><g fill="{ink}" font-size="14" '
        f'font-family="Source Sans, Noto Sans CJK SC, sans-serif">{texts}</g></svg>'
    )


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
    high: str = "",
    opacity: float = 0.75,
    signed: bool = False,
    beside: bool = True,
) -> bytes:
    """A PNG to keep: the overlay (``beside`` the plain photo), words under it, and its scale.

    The first of ``lines`` is the title. ``low`` and ``high`` name the ends of the scale.
    """
    shown = overlay(photo, heat, opacity, signed=signed, smallest_side=480)
    height, width = shown.image.shape[:2]
    pictures = [enlarged(photo, 480), shown.image] if beside else [shown.image]
    margin, gap = 28, 16
    total = max(len(pictures) * (width + gap) - gap, 420)
    texts = [
        piece
        for number, line in enumerate(lines)
        for piece in _wrapped(line, font(26 if number == 0 else 19, number == 0), total, number)
    ]
    page = Image.new(
        "RGB",
        (total + 2 * margin, height + 2 * margin + sum(s for _, _, s in texts) + 96),
        "#ffffff",
    )
    for position, picture in enumerate(pictures):
        page.paste(Image.fromarray(picture), (margin + position * (width + gap), margin))
    pen = ImageDraw.Draw(page)
    y = margin + height + 14
    for text, number, step in texts:
        look = font(26 if number == 0 else 19, number == 0)
        pen.text((margin, y), text, font=look, fill="#1f2233" if number == 0 else "#585d72")
        y += step
    if shown.evidence:
        page.paste(Image.fromarray(_bar(signed)), (margin, y + 14))
        pen.text((margin, y + 34), low, font=font(17), fill="#585d72")
        pen.text((margin + 300, y + 34), high, font=font(17), fill="#585d72", anchor="ra")
    buffer = BytesIO()
    page.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _bar(signed: bool) -> np.ndarray:
    """The scale of an overlay on white paper, (16, 300, 3)."""
    level = np.round(np.linspace(1 if signed else 0, 255, 300)).astype(int)
    fade = _fade(np.abs(level - 128) / 127 if signed else level / 255)[:, None]
    row = 255 * (1 - fade) + heat_table(signed)[level] * fade
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
