"""A row of small images with a few words under each; wraps on narrow screens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.figures.charts import faint, muted
from cnnviz.figures.colours import accent
from cnnviz.figures.png import data_url
from cnnviz.ui.pictures import is_dark

LARGEST = 96  # pixels; larger images are shrunk before they travel

_RIGHT = {False: "#1a7f37", True: "#4ac26b"}
_WRONG = {False: "#b3261e", True: "#ff8a80"}


@dataclass(frozen=True)
class Thumbnail:
    """An image by its address, what it shows (for those who cannot see it), and words under it.

    ``share`` (0–1) is drawn as a bar with ``share_words`` at its end. ``verdict`` stands below, in
    green with a tick where ``right``, else in red with a cross.
    """

    source: str
    alt: str
    title: str = ""
    share: float | None = None
    share_words: str = ""
    verdict: str = ""
    right: bool = True


def source(image: np.ndarray) -> str:
    """An image (h, w, 1 or 3) uint8 as an address that holds it."""
    longest = max(image.shape[:2])
    if longest > LARGEST:
        size = tuple(max(1, round(n * LARGEST / longest)) for n in image.shape[:2])
        image = images.resize(image, size)
    return data_url(images.encode_png(image))


def thumbnails(shown: Sequence[Thumbnail], smallest: int = 92, columns: int | None = None) -> None:
    """Draw them side by side, each at least ``smallest`` pixels wide, or ``columns`` a row."""
    dark = is_dark()
    fitted = f"repeat(auto-fill,minmax({smallest}px,1fr))"
    widths = fitted if columns is None else f"repeat({columns},minmax(0,150px))"
    st.html(
        f'<div style="display:grid;gap:14px 12px;grid-template-columns:{widths}">'
        + "".join(_figure(one, dark) for one in shown)
        + "</div>"
    )


def _figure(one: Thumbnail, dark: bool) -> str:
    words = ""
    if one.title:
        words += f'<div style="font-weight:600">{escape(one.title)}</div>'
    if one.share is not None:
        words += (
            '<div style="display:flex;align-items:center;gap:6px">'
            f'<div style="flex:1;height:6px;border-radius:3px;background:{faint(dark)}">'
            f'<div style="width:{100 * one.share:.1f}%;height:6px;border-radius:3px;'
            f'background:{accent(dark)}"></div></div>'
            f'<span style="color:{muted(dark)};white-space:nowrap">{escape(one.share_words)}</span>'
            "</div>"
        )
    if one.verdict:
        colour, mark = (_RIGHT[dark], "✓") if one.right else (_WRONG[dark], "✗")
        words += f'<div style="color:{colour}">{mark} {escape(one.verdict)}</div>'
    return (
        '<figure style="margin:0;min-width:0">'
        f'<img src="{escape(one.source)}" alt="{escape(one.alt)}" style="width:100%;'
        'aspect-ratio:1;object-fit:contain;image-rendering:pixelated;border-radius:6px">'
        '<figcaption style="font-size:.9rem;line-height:1.4;margin-top:4px;'
        f'overflow-wrap:anywhere">{words}</figcaption></figure>'
    )
