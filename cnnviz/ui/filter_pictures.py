"""What the filter page shows: pictures made to excite channels, and real images that do."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.compute import defaults
from cnnviz.errors import Cancelled
from cnnviz.figures import tiles
from cnnviz.figures.png import enlarge_to
from cnnviz.models.cards import Card, Layer
from cnnviz.ui import address, channel, channel_data
from cnnviz.ui.channel_data import Measured
from cnnviz.ui.components.grid import grid
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _
from cnnviz.ui.pictures import is_dark
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask

COLUMNS = 6
STEPS = (128, 512)
_TILE, _WIDE = 150, 210  # pixels on the page; of few tiles
_SHARP = 112  # pixels a side of small pictures in the sprite, so that patches keep theirs
_PAPER = {False: (255, 255, 255), True: (18, 20, 28)}  # the page's ground, light and dark
Patches = Callable[[int], np.ndarray]  # (k, side, side, 3) uint8

_LOUD = ("Conv", "Activation", "ReLU", "ELU", "GELU", "Dense")


def layers_to_choose(card: Card) -> dict[str, Layer]:
    """Convolutions, activations and dense layers; also any layer with maps that came by link."""
    wished = (address.chosen("layer"), st.query_params.get("layer"))
    shown = {x.name for x in defaults.shown_layers(card)}
    return {
        x.name: x
        for x in card.layers
        if (x.name in shown or x.kind == "Dense")
        and (x.name in wished or any(part in x.kind for part in _LOUD))
    }


def paint(
    opened: Opened,
    layer: Layer,
    channels: list[int],
    steps: int,
    real: Patches | None = None,
) -> np.ndarray | None:
    """Pictures (k, h, w, c) for channels, shown while they form; None after the stop button.

    ``real`` gives the pieces of images to be shown under them.
    """
    place = st.empty()

    def on_frame(frame: dict) -> None:
        sheet = images.encode_png(_sheet(pairs(frame["pictures"], real)))
        place.image(sheet, width="stretch", output_format="PNG")

    fine = {} if steps == defaults.FILTER_STEPS else {"steps": steps}
    try:
        answer = ask(
            "filters",
            model=opened.reference,
            layer=layer.name,
            channels=channels,
            waiting=_("The pictures are forming"),
            on_frame=on_frame,
            **fine,
        )
    except Cancelled:
        return None
    place.empty()
    return answer["pictures"]


def real_patches(measured: Measured | None, channels: list[int]) -> Patches | None:
    """The piece of an image that excites each channel most, as a function of the side wanted.

    The page's ground where nothing does; None where there are no images.
    """
    if measured is None:
        return None

    @functools.cache
    def patches(side: int) -> np.ndarray:
        found = _coloured(measured.patches(channels, side))
        found[measured.dead[channels]] = _PAPER[is_dark()]
        return found

    return patches


def pairs(pictures: np.ndarray | None, real: Patches | None) -> np.ndarray:
    """(k, h, w, 3) uint8: what was made above what was found; one of the two may be missing."""
    if pictures is None:
        return real(_SHARP)
    made = np.stack([enlarge_to(x, _SHARP) for x in _coloured(pictures)])
    if real is None:
        return made
    count, _height, width, _depth = made.shape
    gap = np.empty((count, max(2, width // 24), width, 3), np.uint8)
    gap[:] = _PAPER[is_dark()]
    return np.concatenate([made, gap, real(width)], axis=1)


def _coloured(pictures: np.ndarray) -> np.ndarray:
    return pictures if pictures.shape[-1] == 3 else pictures.repeat(3, axis=-1)


def _sheet(shown: np.ndarray) -> np.ndarray:
    """Pictures side by side as the grid will show them."""
    count, height, width, _depth = shown.shape
    columns = min(COLUMNS, count)
    gap = max(1, width // 16)
    sheet = np.empty((-(-count // columns) * (height + gap), columns * (width + gap), 3), np.uint8)
    sheet[:] = _PAPER[is_dark()]
    for i, picture in enumerate(shown):
        y, x = i // columns * (height + gap), i % columns * (width + gap)
        sheet[y : y + height, x : x + width] = picture
    return sheet


def show_grid(
    card: Card,
    layer: Layer,
    pictures: np.ndarray | None,
    real: Patches | None,
    channels: list[int],
    chosen: int | None,
    measured: Measured | None,
) -> None:
    """What was made for each channel above what was found; a click opens a channel."""
    silent = [measured is not None and bool(measured.dead[c]) for c in channels]
    clicked = grid(
        tiles.image_sprite(pairs(pictures, real)),
        key="filters",
        side=_TILE if len(channels) > 4 else _WIDE,
        captions=[
            channel.name_of(card, layer, c) + ("\n" + _("silent") if quiet else "")
            for c, quiet in zip(channels, silent, strict=True)
        ],
        selected=channels.index(chosen) if chosen in channels else None,
        label=_("Pictures that excite the channels of {layer}").format(layer=layer.name),
    )
    _say_what_is_shown(layer, pictures is not None, measured)
    if clicked is not None:
        channel.choose_channel(layer, channels[clicked])
        st.rerun()


def _say_what_is_shown(layer: Layer, made: bool, measured: Measured | None) -> None:
    if measured is None:
        return
    windows = layer.receptive_field is not None and len(layer.output_shape) == 3
    if made and windows:
        text = _(
            "Above: made for the channel. Below: the piece of a real image that excites it most, "
            "found in {searched}."
        )
    elif made:
        text = _(
            "Above: made for the channel. Below: the real image that excites it most, found in "
            "{searched}."
        )
    elif windows:
        text = _("The piece of a real image that excites each channel most, found in {searched}.")
    else:
        text = _("The real image that excites each channel most, found in {searched}.")
    st.caption(text.format(searched=channel_data.searched(measured)))


def show_kernels(opened: Opened) -> None:
    """The weights of the first convolution, which can be looked at directly."""
    answer = ask("kernels", model=opened.reference, waiting=_("Reading the weights …"))
    kernels = answer["kernels"]
    count, height, width, depth = kernels.shape
    st.markdown(
        _(
            "The first layer ({layer}) looks at pixels, so its {count} windows of {height} × "
            "{width} weights are pictures themselves: each is what that channel is looking for."
        ).format(layer=plain(answer["layer"]), count=count, height=height, width=width)
    )
    if depth == 3:
        largest = np.abs(kernels).max(axis=(1, 2, 3), keepdims=True)
        shown = np.round(128 + 127 * kernels / np.where(largest > 0, largest, 1)).astype(np.uint8)
        sprite = tiles.image_sprite(shown)
        note = _(
            "Grey is zero; a colour is what the window looks for, its opposite what it avoids."
        )
    else:
        planes = kernels.mean(axis=-1)
        largest = np.abs(planes).max(axis=(1, 2), keepdims=True)
        shown = np.round(128 + 127 * planes / np.where(largest > 0, largest, 1)).astype(np.uint8)
        sprite = tiles.map_sprite(shown, signed=True, dark=is_dark())
        note = _("Red weights look for light, blue ones for dark; the pale middle is zero.")
    clicked = grid(
        sprite,
        key="kernels",
        side=64,
        tooltips=[_("channel {channel}").format(channel=i) for i in range(count)],
        label=_("Weights of the first layer"),
    )
    st.caption(note + " " + _("Each window has its own scale."))
    if clicked is not None:
        address.choose("layer", answer["layer"])
        address.choose("channel", str(clicked))
        st.rerun()
