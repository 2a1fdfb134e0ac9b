"""What the filter page shows: pictures made to excite channels, and real images that do."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.compute import defaults
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.image_references import open_image
from cnnviz.errors import Cancelled
from cnnviz.figures import tiles
from cnnviz.figures.receptive import draw_field
from cnnviz.models.cards import Card, Layer
from cnnviz.ui import address
from cnnviz.ui.components.grid import grid
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _
from cnnviz.ui.pictures import is_dark, show_png
from cnnviz.ui.questions import ask

COLUMNS = 6
STEPS = (128, 512)
_LARGE, _SMALL = 336, 160
_EXCITING = 8  # of the images found: two full rows
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


def name_of(card: Card, layer: Layer, channel: int) -> str:
    """The class, in the layer where channels are classes, else the channel's number."""
    last = next((x for x in card.layers[::-1] if x.kind == "Dense"), None)
    if (
        last is not None
        and layer.name == last.name
        and layer.output_shape[-1] == len(card.class_names)
    ):
        return _(card.class_names[channel])
    return _("channel {channel}").format(channel=channel)


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
        captions=[name_of(card, layer, c) for c in channels],
        selected=channels.index(chosen) if chosen in channels else None,
        label=_("Pictures that excite the channels of {layer}").format(layer=layer.name),
    )
    if clicked is not None:
        address.choose("layer", layer.name)
        address.choose("channel", str(channels[clicked]))
        st.rerun()


def show_channel(opened: Opened, layer: Layer, channel: int, picture: np.ndarray | None) -> None:
    """One channel: its picture large, and the images of the data set that excite it most."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        if picture is not None:
            show_png(
                images.encode_png(picture, max(1, _LARGE // picture.shape[0])),
                alt=_("A picture that excites this channel"),
                key="filter-large" if picture.shape[0] < 64 else None,
            )
            st.caption(
                _("made to excite this channel; no photo, and not one of its training images")
            )
    with right:
        if opened.card.dataset:
            _real_images(opened, layer, channel)
        else:
            st.markdown(
                _(
                    "Here would be the real images that excite this channel most. The images that "
                    "this network learnt from are not part of cnnviz, so there are none to search."
                )
            )


def _real_images(opened: Opened, layer: Layer, channel: int) -> None:
    card, dataset = opened.card, opened.card.dataset
    try:
        answer = ask(
            "top_images",
            model=opened.reference,
            layer=layer.name,
            channels=[channel],
            dataset=dataset,
            waiting=_("Looking through the training images …"),
        )
    except Cancelled:
        return
    if float(answer["values"][0].max(initial=0.0)) <= 0:
        st.info(
            _("None of the {count} training images searched excites this channel.").format(
                count=f"{defaults.SEARCHED:,}"
            )
        )
        return
    references = [f"data:{dataset}/train/{int(i)}" for i in answer["indices"][0][:_EXCITING]]
    found = [open_image(reference) for reference in references]
    shown = [
        _framed(images.prepare(x.image, card), layer, unit)
        for x, unit in zip(found, answer["positions"][0].tolist(), strict=False)
    ]
    title = _(DATASETS[dataset].title) if dataset in DATASETS else found[0].title
    text = _(
        "The {count} of {searched} training images ({dataset}) that excite it most, strongest "
        "first."
    ).format(count=len(found), searched=f"{defaults.SEARCHED:,}", dataset=title)
    if layer.receptive_field is not None and len(layer.output_shape) == 3:
        text += " " + _("The frame is the part that the most excited unit sees.")
    st.markdown(text + " " + _("Click an image to follow it."))
    clicked = grid(
        tiles.image_sprite(np.stack(shown)),
        key="exciting",
        side=_SMALL,
        captions=[
            f"{_(x.label or '')}\n{value:.2f}"
            for x, value in zip(found, answer["values"][0], strict=False)
        ],
        label=_("Images that excite this channel most"),
    )
    if clicked is not None:
        address.choose("image", references[clicked])
        st.switch_page("pages/feature_maps.py")


def _framed(received: np.ndarray, layer: Layer, unit: list[int]) -> np.ndarray:
    """The image with the window that was excited; without a window, the image as it is."""
    if layer.receptive_field is not None and len(layer.output_shape) == 3:
        return draw_field(received, layer.receptive_field, (unit[0], unit[1]), side=_SMALL, dim=0.7)
    enlarge = max(1, round(_SMALL / max(received.shape[:2])))
    large = received.repeat(enlarge, axis=0).repeat(enlarge, axis=1)
    return large if large.shape[-1] == 3 else large.repeat(3, axis=-1)


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
