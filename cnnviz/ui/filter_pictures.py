"""What the filter page shows: pictures made to excite channels, and first-layer weights."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.compute import defaults
from cnnviz.errors import Cancelled
from cnnviz.figures import tiles
from cnnviz.models.cards import Card, Layer
from cnnviz.ui import address, channel
from cnnviz.ui.components.grid import grid
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _
from cnnviz.ui.pictures import is_dark
from cnnviz.ui.questions import ask

COLUMNS = 6
STEPS = (128, 512)
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


def paint(opened: Opened, layer: Layer, channels: list[int], steps: int) -> np.ndarray | None:
    """Pictures (k, h, w, c) for channels, shown while they form; None after the stop button."""
    place = st.empty()

    def on_frame(frame: dict) -> None:
        place.image(
            images.encode_png(_sheet(frame["pictures"])), width="stretch", output_format="PNG"
        )

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


def _sheet(pictures: np.ndarray) -> np.ndarray:
    """Pictures side by side as the grid will show them."""
    count, height, width, depth = pictures.shape
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    gap = max(1, width // 16)
    paper = (18, 20, 28) if is_dark() else (255, 255, 255)
    sheet = np.empty((rows * (height + gap), columns * (width + gap), 3), np.uint8)
    sheet[:] = paper
    for i, picture in enumerate(pictures):
        y, x = i // columns * (height + gap), i % columns * (width + gap)
        sheet[y : y + height, x : x + width] = picture  # grey ones fill all three colours
    return sheet


def show_grid(
    card: Card, layer: Layer, pictures: np.ndarray, channels: list[int], chosen: int | None
) -> None:
    """The pictures as a grid; a click opens a channel."""
    clicked = grid(
        tiles.image_sprite(pictures),
        key="filters",
        side=150,
        captions=[channel.name_of(card, layer, c) for c in channels],
        selected=channels.index(chosen) if chosen in channels else None,
        label=_("Pictures that excite the channels of {layer}").format(layer=layer.name),
    )
    if clicked is not None:
        address.choose("layer", layer.name)
        address.choose("channel", str(channels[clicked]))
        st.rerun()


def show_kernels(opened: Opened) -> None:
    """The weights of the first convolution, which can be looked at directly."""
    answer = ask("kernels", model=opened.reference, waiting=_("Reading the weights …"))
    kernels = answer["kernels"]
    count, height, width, depth = kernels.shape
    st.markdown(
        _(
            "The first layer ({layer}) looks at pixels, so its {count} windows of {height} × "
            "{width} weights are pictures themselves: each is what that channel is looking for."
        ).format(layer=answer["layer"], count=count, height=height, width=width)
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
