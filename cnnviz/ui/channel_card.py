"""The card of a channel: what it looks for, what excites it, which classes it speaks for.

Its address is ``?model=…&layer=…&channel=…`` of the page that shows it.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.errors import Cancelled
from cnnviz.figures import tiles
from cnnviz.figures.receptive import draw_field
from cnnviz.models.cards import Layer
from cnnviz.ui import address, channel, channel_data, channel_kin, channel_parts
from cnnviz.ui.channel_data import Measured
from cnnviz.ui.components.grid import grid
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _, percent
from cnnviz.ui.pictures import show_png
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask

_LARGE, _SMALL = 336, 160
_EXCITING = 8  # of the images found: two full rows


def show(
    opened: Opened,
    layer: Layer,
    number: int,
    measured: Measured | None,
    picture: np.ndarray | None = None,
) -> None:
    """The card of channel ``number``.

    Args:
        opened: the model.
        layer: one of its layers.
        number: the channel.
        measured: its layer over a data set (``channel_data.measure``); None where there are no
            images, or the search was stopped.
        picture: (h, w, c) uint8, made to excite the channel; drawn here when None.
    """
    with st.container(border=True, key="channel-card"):
        _head(opened, layer, number)
        summary = st.empty()
        left, right = st.columns([2, 3], gap="large")
        with right:
            if measured is None:
                _no_images(opened)
            else:
                _real_images(measured, number)
        if measured is not None:
            with summary.container(horizontal=True, gap="large", key="channel-numbers"):
                _numbers(measured, number)
        with left:
            _picture(opened, layer, number, picture)
        if measured is not None and not measured.dead[number]:
            channel_parts.responses(measured, number)
            channel_parts.classes(measured, number)
        channel_kin.kernel_and_neighbours(opened, layer, number, measured)
        channel_parts.how(measured)


def _head(opened: Opened, layer: Layer, number: int) -> None:
    last = layer.output_shape[-1] - 1
    with st.container(horizontal=True, vertical_alignment="center", key="channel-head"):
        title = plain(channel.title_of(opened.card, layer, number))
        st.subheader(title, anchor=False, width="content")
        with st.container(horizontal=True, horizontal_alignment="right"):
            for key, label, icon, to in (
                ("channel-previous", _("Previous channel"), "arrow_back", number - 1),
                ("channel-next", _("Next channel"), "arrow_forward", number + 1),
            ):
                st.button(
                    "",
                    key=key,
                    icon=f":material/{icon}:",
                    help=label,
                    disabled=not 0 <= to <= last,
                    on_click=channel.choose_channel,
                    args=(layer, to),
                )
            st.button(
                _("Close"),
                key="close-channel",
                icon=":material/close:",
                type="tertiary",
                on_click=channel.close,
            )


def _numbers(measured: Measured, number: int) -> None:
    answer = measured.answer
    for name, value, words in (
        (
            _("Fires most for"),
            _("nothing")
            if measured.dead[number]
            else plain(measured.class_names[measured.favourite(number)]),
            _("The class whose images make its mean response largest."),
        ),
        (
            _("Selectivity"),
            f"{answer['selectivity'][number]:.2f}",
            _("From 0, the same for all classes, to 1, one class only."),
        ),
        (
            _("Silent in"),
            percent(float(answer["dead_share"][number])),
            _("The share of the images in which it is positive nowhere."),
        ),
        (
            _("Strongest"),
            f"{answer['maximum'][number]:.2f}".replace("-", "−"),
            _("Its largest value in any of the images."),
        ),
    ):
        st.metric(name, value, help=words, width="content")


def _picture(opened: Opened, layer: Layer, number: int, picture: np.ndarray | None) -> None:
    if picture is None:
        picture = _painted(opened, layer, number)
    if picture is not None:
        large = images.encode_png(picture, max(1, _LARGE // picture.shape[0]))
        show_png(
            large,
            alt=_("A picture that excites this channel"),
            key="filter-large" if picture.shape[0] < 64 else None,
        )
        st.caption(_("made to excite this channel; no photo, and not one of its training images"))
        st.download_button(
            _("Download the picture"),
            large,
            file_name=f"{layer.name.replace('/', '.')}-{number}.png",
            mime="image/png",
            icon=":material/download:",
            type="tertiary",
            key="channel-download",
            on_click="ignore",
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


def _no_images(opened: Opened) -> None:
    if channel_data.sets_for(opened):
        return  # stopped: its note stands here
    st.markdown(
        _(
            "Here would be the real images that excite this channel most. The images that "
            "this network learnt from are not part of cnnviz, so there are none to search."
        )
    )
    channel_data.add_images()


def _real_images(measured: Measured, number: int) -> None:
    channel_data.control(measured.opened)
    if measured.dead[number]:
        st.info(
            _("None of the {count} training images searched excites this channel.").format(
                count=f"{measured.count:,}"
            )
        )
        return
    layer, values = measured.layer, measured.answer["top_values"][number]
    ranks = [rank for rank in range(min(_EXCITING, len(values))) if values[rank] > 0]
    found = [measured.picture(number, rank) for rank in ranks]
    shown = [
        _framed(images.prepare(x.image, measured.opened.card), layer, measured.unit(number, rank))
        for x, rank in zip(found, ranks, strict=True)
    ]
    text = _("The {count} of {searched} that excite it most, strongest first.").format(
        count=len(found), searched=channel_data.searched(measured)
    )
    if layer.receptive_field is not None and len(layer.output_shape) == 3:
        text += " " + _("The frame is the part that the most excited unit sees.")
    st.markdown(text + " " + _("Click an image to follow it."))
    clicked = grid(
        tiles.image_sprite(np.stack(shown)),
        key="exciting",
        side=_SMALL,
        captions=[
            f"{_(x.label or '')}\n{values[rank]:.2f}" for x, rank in zip(found, ranks, strict=True)
        ],
        label=_("Images that excite this channel most"),
    )
    if clicked is not None:
        address.choose("image", measured.reference(number, ranks[clicked]))
        st.switch_page("pages/feature_maps.py")


def _framed(received: np.ndarray, layer: Layer, unit: tuple[int, int]) -> np.ndarray:
    """The image with the window that was excited; without a window, the image as it is."""
    if layer.receptive_field is not None and len(layer.output_shape) == 3:
        return draw_field(received, layer.receptive_field, unit, side=_SMALL, dim=0.7)
    enlarge = max(1, round(_SMALL / max(received.shape[:2])))
    large = received.repeat(enlarge, axis=0).repeat(enlarge, axis=1)
    return large if large.shape[-1] == 3 else large.repeat(3, axis=-1)
