"""A heatmap laid over its photo so that the photo stays readable."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import cv2
import numpy as np

from cnnviz.figures.colours import diverging, hexadecimal, inferno
from cnnviz.figures.png import enlarge

# The darkest third of inferno would only blacken the photo, so warmth starts at its violet; the
# legend shows the same part of the map.
_COLDEST = 84
_FADE = 0.45  # the share of the largest heat from which on opacity is full
_AT_THE_TOP = 0.005  # of fine maps: such a share of the values has the strongest colour


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


def strongest(heat: np.ndarray, *, signed: bool = False, fine: bool = False) -> float:
    """The value that the strongest colour of a map stands for; 0 where there is nothing to show.

    That is the largest one (``signed``: of |v|). ``fine`` maps, of single pixels for instance, have
    a few values that outshine all others: there the strongest half percent share the colour.
    """
    values = np.nan_to_num(np.asarray(heat, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    values = np.abs(values) if signed else np.maximum(values, 0)
    top = float(values.max(initial=0.0))
    if fine and top > 0:
        return float(np.quantile(values, 1 - _AT_THE_TOP)) or top
    return top


def ground(photo: np.ndarray, *, signed: bool) -> np.ndarray:
    """The photo as a ground for single pixels: grey, dim under heat, pale under signed values."""
    grey = photo if photo.shape[-1] == 1 else cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[..., None]
    level = grey.astype(np.float32)
    level = 0.3 * level + 172 if signed else 0.32 * level
    return np.round(level).astype(np.uint8).repeat(3, axis=-1)


def fade(shares: np.ndarray) -> np.ndarray:
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
    weight = (opacity * fade(np.abs(shares)))[..., None]
    mixed = base * (1 - weight) + heat_table(signed)[level] * weight
    return Overlay(np.round(mixed).astype(np.uint8), True, top)


def scale_svg(
    low: str,
    high: str,
    *,
    table: np.ndarray | None = None,
    middle: str = "",
    signed: bool = False,
    dark: bool = False,
    width: int = 260,
) -> str:
    """A colour scale as an SVG text: the colours of ``table`` from left to right with their words.

    ``table`` is by default the one of heatmaps, or of ``signed`` ones; for maps pass
    ``tiles.colour_table(…)``.
    """
    shares = np.linspace(0, 1, 17)
    fades = np.ones(17)
    if table is None:  # as an overlay fades
        table, fades = heat_table(signed), fade(np.abs(2 * shares - 1) if signed else shares)
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
