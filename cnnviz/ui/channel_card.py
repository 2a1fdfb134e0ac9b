"""The card of a channel: what it looks for, and the images that excite it."""

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
from cnnviz.models.cards import Layer
from cnnviz.ui import address, channel
from cnnviz.ui.components.grid import grid
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _
from cnnviz.ui.pictures import show_png
from cnnviz.ui.questions import ask

_LARGE, _SMALL = 336, 160
_EXCITING = 8  # of the images found: two full rows


def show(opened: Opened, layer: Layer, number: int, picture: np.ndarray | None = None) -> None:
    """The card of channel ``number``.

    Args:
        opened: the model.
        layer: one of its layers.
        number: the channel.
        picture: (h, w, c) uint8, made to excite the channel; drawn here when None.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(
            channel.name_of(opened.card, layer, number) + f" · {layer.name}",
            anchor=False,
            width="content",
        )
        st.button(
            _("Close"),
            key="close-channel",
            icon=":material/close:",
            type="tertiary",
            on_click=channel.close,
        )
    if picture is None:
        picture = _painted(opened, layer, number)
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
            _real_images(opened, layer, number)
        else:
            st.markdown(
                _(
                    "Here would be the real images that excite this channel most. The images that "
                    "this network learnt from are not part of cnnviz, so there are none to search."
                )
            )
    if layer.spatial:
        st.page_link(
            "pages/feature_maps.py",
            label=_("Where does it respond in my image?"),
            icon=":material/grid_view:",
            query_params={"layer": layer.name, "channel": str(number)},
        )


def _painted(opened: Opened, layer: Layer, number: int) -> np.ndarray | None:
    """A picture (h, w, c) made to excite the channel; None after the stop button."""
    try:
        answer = ask(
            "filters",
            model=opened.reference,
            layer=layer.name,
            channels=[number],
            waiting=_("The picture is forming"),
        )
    except Cancelled:
        return None
    return answer["pictures"][0]


def _real_images(opened: Opened, layer: Layer, number: int) -> None:
    card, dataset = opened.card, opened.card.dataset
    try:
        answer = ask(
            "top_images",
            model=opened.reference,
            layer=layer.name,
            channels=[number],
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
