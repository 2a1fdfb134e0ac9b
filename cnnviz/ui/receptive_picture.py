"""What one unit of a layer can see of the image: a picture whose every place can be clicked."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.figures.colours import ACCENT_LIGHT
from cnnviz.figures.png import data_url
from cnnviz.figures.receptive import draw_field, field_of
from cnnviz.figures.tiles import image_sprite
from cnnviz.models.cards import Card, Layer
from cnnviz.ui import address
from cnnviz.ui.components.drawing import drawing
from cnnviz.ui.components.grid import grid
from cnnviz.ui.language import _

_SIDE = 448
_FINEST = 28  # places along a side that can be clicked; finer ones are chosen with the sliders
_TINY = 40  # a window smaller than this on the page gets a ring around it, to be found at all
_STOPS = 6
_CLOSE_UP = 168


def chosen_unit(layer: Layer) -> tuple[int, int]:
    """Row and column in the address (``unit=row,column``), by default the middle."""
    height, width = layer.output_shape[:2]
    parts = address.value("unit", "").split(",")
    if len(parts) == 2 and all(part.isdecimal() for part in parts):
        return min(int(parts[0]), height - 1), min(int(parts[1]), width - 1)
    return height // 2, width // 2


def sentence(card: Card, layer: Layer, unit: tuple[int, int]) -> str:
    """How much of the image this unit sees."""
    height, width = card.input_shape[:2]
    field = field_of(layer.receptive_field, unit)
    inside = field.clipped(height, width)
    seen = (inside.bottom - inside.top, inside.right - inside.left)
    if seen == (height, width):
        text = _("This unit sees the whole image, {height} × {width} pixels.")
        return text.format(height=height, width=width)
    text = _(
        "One unit of this layer sees **{rows} × {columns}** of {height} × {width} pixels; all the "
        "others cannot change its value."
    ).format(
        rows=layer.receptive_field.size[0],
        columns=layer.receptive_field.size[1],
        height=height,
        width=width,
    )
    if seen != layer.receptive_field.size:
        text += " " + _("Here part of its window lies beyond the edge of the image.")
    return text


def picture_of_unit(received: np.ndarray, layer: Layer, unit: tuple[int, int], words: str) -> None:
    """The image with the unit's window in a frame; a click chooses the unit at that place."""
    shown = draw_field(received, layer.receptive_field, unit, side=_SIDE)
    small = max(layer.receptive_field.size) * shown.shape[0] < _TINY * received.shape[0]
    svg = _svg(images.encode_png(shown), shown.shape[:2], received.shape, layer, unit, words, small)
    clicked = drawing(svg, key="unit-picture", label=words)
    if clicked:
        address.choose("unit", clicked.removeprefix("unit:"))
        st.rerun()


def close_up(received: np.ndarray, layer: Layer, unit: tuple[int, int]) -> None:
    """The window alone, its pixels as large squares: all that this unit gets to see."""
    field = field_of(layer.receptive_field, unit).clipped(*received.shape[:2])
    window = received[field.top : field.bottom, field.left : field.right]
    if window.size == 0 or window.shape == received.shape:
        return
    enlarge = max(1, round(_CLOSE_UP / max(window.shape[:2])))
    with st.container(key="crisp-window"):
        st.image(
            images.encode_png(window, enlarge),
            width=round(_CLOSE_UP * window.shape[1] / max(window.shape[:2])),
            output_format="PNG",
            caption=_("all that this unit sees"),
            alt=_("The window enlarged"),
        )


def steps_of_unit(layer: Layer, unit: tuple[int, int]) -> None:
    """Two sliders for those who step with the keyboard."""
    for axis, (name, label) in enumerate((("row", _("Row")), ("column", _("Column")))):
        if layer.output_shape[axis] < 2:
            continue
        key = f"unit-{name}"
        st.session_state[key] = unit[axis]
        st.slider(
            label,
            0,
            layer.output_shape[axis] - 1,
            key=key,
            on_change=_moved,
            args=(key, axis, unit),
        )


def _moved(key: str, axis: int, unit: tuple[int, int]) -> None:
    new = list(unit)
    new[axis] = st.session_state[key]
    address.choose("unit", f"{new[0]},{new[1]}")


def _svg(
    png: bytes, size: tuple[int, int], received: tuple[int, ...], layer: Layer,
    unit: tuple[int, int], words: str, ring: bool,
) -> str:  # fmt: skip
    height, width = size
    field = layer.receptive_field
    scale = height / received[0]
    axes = []  # for rows and columns: (unit, from, to) in pixels of the picture
    middle = []
    for axis in (0, 1):
        centres = scale * (
            field.start[axis]
            + field.size[axis] / 2
            + field.stride[axis] * np.arange(layer.output_shape[axis])
        )
        middle.append(float(np.clip(centres[unit[axis]], 0, size[axis])))
        every = -(-len(centres) // _FINEST)
        units = np.arange(every // 2, len(centres), every)
        between = (centres[units][1:] + centres[units][:-1]) / 2
        edges = np.clip([0.0, *between, size[axis]], 0, size[axis])
        axes.append(list(zip(units.tolist(), edges[:-1], edges[1:], strict=True)))
    cells = "".join(
        f'<rect class="cell" data-id="unit:{row},{column}" x="{left:g}" y="{top:g}" '
        f'width="{right - left:g}" height="{bottom - top:g}"/>'
        for row, top, bottom in axes[0]
        for column, left, right in axes[1]
    )
    mark = "".join(
        f'<circle cx="{middle[1]:g}" cy="{middle[0]:g}" r="{_TINY * 0.6 if ring else 4:g}" '
        f'stroke="{colour}" stroke-width="{line}"/>'
        for colour, line in (("#fff", 6), (ACCENT_LIGHT, 3))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" style="max-width:100%;height:auto;border-radius:6px" role="img" '
        f'aria-label="{escape(words, quote=True)}"><style>.cell{{fill:transparent}}'
        f".cell:hover{{fill:rgba(255,255,255,.25);stroke:#fff}}</style>"
        f'<image href="{data_url(png)}" width="{width}" height="{height}"/>{cells}'
        f'<g fill="none" pointer-events="none">{mark}</g></svg>'
    )


def stops(card: Card) -> list[Layer]:
    """A few layers on the way through the network, each with a wider view than the one before."""
    wider: list[Layer] = []
    for layer in card.spatial_layers:
        field = layer.receptive_field
        if (
            field
            and field.size > (1, 1)
            and (not wider or field.size > wider[-1].receptive_field.size)
        ):
            wider.append(layer)
    side = max(card.input_shape[:2])
    inside = [x for x in wider if max(x.receptive_field.size) < side]
    wider = inside + wider[len(inside) : len(inside) + 1]  # and the first that sees everything
    if len(wider) <= _STOPS:
        return wider
    return [wider[round(k * (len(wider) - 1) / (_STOPS - 1))] for k in range(_STOPS)]


def first_that_sees_all(card: Card) -> Layer | None:
    """The first layer with positions whose units have no window, but see everything."""
    return next((x for x in card.spatial_layers if x.receptive_field is None), None)


def growing_view(card: Card, received: np.ndarray, selected: str) -> str | None:
    """The middle unit's window at each stop, side by side; returns the layer clicked just now."""
    layers = stops(card)
    pictures = [
        draw_field(
            received,
            x.receptive_field,
            (x.output_shape[0] // 2, x.output_shape[1] // 2),
            side=192,
        )
        for x in layers
    ]
    captions = [
        _("{layer}\n{rows} × {columns} pixels").format(
            layer=x.name.split("/")[-1],
            rows=min(x.receptive_field.size[0], card.input_shape[0]),
            columns=min(x.receptive_field.size[1], card.input_shape[1]),
        )
        for x in layers
    ]
    names = [x.name for x in layers]
    clicked = grid(
        image_sprite(np.stack(pictures)),
        key="growing-view",
        side=150,
        captions=captions,
        tooltips=[
            ", ".join([x.name, c.split("\n")[1]]) for x, c in zip(layers, captions, strict=True)
        ],
        selected=names.index(selected) if selected in names else None,
        label=_("What the middle unit sees, from early to late layers"),
    )
    return None if clicked is None else names[clicked]
