"""One channel of one layer, large: its map on the image and on its own."""

from __future__ import annotations

import streamlit as st

from cnnviz import images
from cnnviz.datasets.image_references import Picture
from cnnviz.figures import overlays, tiles
from cnnviz.models.cards import Card, Layer
from cnnviz.ui import address
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _
from cnnviz.ui.photo import seen
from cnnviz.ui.pictures import is_dark, show_png, show_svg
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask

_SIDE = 448


def chosen_channel(layer: Layer) -> int | None:
    """The channel in the address; None where there is none, or this layer has no such channel."""
    text = address.value("channel", "")
    if address.chosen("layer") not in (None, layer.name):
        return None  # it belonged to a layer that this page does not show
    known = text.isdecimal() and len(text) < 9 and int(text) < layer.output_shape[-1]
    return int(text) if known else None


def are_classes(card: Card, layer: Layer) -> bool:
    """Whether the layer's channels are the classes."""
    last = next((x for x in card.layers[::-1] if x.kind == "Dense"), None)
    return (
        last is not None
        and layer.name == last.name
        and layer.output_shape[-1] == len(card.class_names)
    )


def name_of(card: Card, layer: Layer, channel: int) -> str:
    """The class, in the layer where channels are classes, else the channel's number."""
    if are_classes(card, layer):
        return _(card.class_names[channel])
    return _("channel {channel}").format(channel=channel)


def title_of(card: Card, layer: Layer, channel: int) -> str:
    """The title of a channel's card: what ``name_of`` says, and the layer."""
    name = name_of(card, layer, channel)
    return f"{name[:1].upper()}{name[1:]} · {layer.name}"


def choose_channel(layer: Layer, number: int) -> None:
    """Go to a channel's card; its layer is named too, since each page has a usual one."""
    address.choose("layer", layer.name)
    address.choose("channel", str(number))


def choose_layer(name: str) -> None:
    """Go to another layer; a channel of the old one means nothing there."""
    address.choose("layer", name)
    address.choose("channel", None)
    address.choose("from", None)


def close() -> None:
    address.choose("channel", None)


def paging(start: int, page: int, count: int, text: str | None = None) -> None:
    """Buttons to the channels before and after, where not all fit; ``start`` is in the address.

    ``text`` says which are shown, with ``{first}``, ``{last}`` and ``{count}``.
    """
    if count <= page:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="paging"):
        for label, key, icon, to in (
            (_("Channels before"), "channels-before", "back", start - page),
            (_("Channels after"), "channels-after", "forward", start + page),
        ):
            st.button(
                label,
                key=key,
                icon=f":material/arrow_{icon}:",
                disabled=not 0 <= to < count,
                on_click=address.choose,
                args=("from", str(to)),
            )
        st.markdown(
            (text or _("Channels {first} to {last} of {count}")).format(
                first=start, last=min(start + page, count) - 1, count=f"{count:,}"
            )
        )


def show_channel(opened: Opened, picture: Picture, layer: Layer, channel: int) -> None:
    """The channel large, with its values in words."""
    answer = ask(
        "channel_map",
        model=opened.reference,
        image=picture.reference,
        layer=layer.name,
        channel=channel,
        waiting=_("Sending the image through the network …"),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(
            _("Channel {channel} of {layer}").format(channel=channel, layer=plain(layer.name)),
            anchor=False,
            width="content",
        )
        st.button(
            _("Close"),
            key="close-channel",
            icon=":material/close:",
            type="tertiary",
            on_click=close,
        )
    values = answer["values"]
    tile, scale, signed = tiles.quantise(values)
    if scale == 0:
        st.info(_("This channel is silent for this image: it is zero everywhere."))
        return
    base = seen(picture, opened.card)
    left, right = st.columns(2)
    with left:
        drawn = overlays.overlay(base.photo, base.place(values), signed=signed)
        show_png(
            images.encode_png(drawn.image),
            alt=_("The image with the places where this channel responds"),
            key="channel-photo",
        )
        st.caption(
            _("where in the image it responds: red positive, blue negative")
            if signed
            else _("where in the image it responds: the brighter, the more strongly")
        )
    with right:
        show_png(
            tiles.map_png(tile, signed, is_dark(), _SIDE),
            alt=_("The map of this channel"),
            key="channel-map",
        )
        st.caption(
            _("the map itself: {height} × {width} values from {low} to {high}").format(
                height=values.shape[0],
                width=values.shape[1],
                low=f"{answer['min']:.2f}".replace("-", "−"),
                high=f"{answer['max']:.2f}".replace("-", "−"),
            )
        )
        show_scale(signed, f"{scale:.2f}")
    st.page_link(
        "pages/filters.py",
        label=_("What is this channel looking for?"),
        icon=":material/search:",
    )


def show_scale(signed: bool, largest: str = "") -> None:
    """The colour scale of maps; ``largest`` is the value at its end, where it is one for all."""
    dark = is_dark()
    low, high = (_("negative"), _("positive")) if signed else (_("silent"), _("strong"))
    if largest:
        low, high = (f"−{largest}" if signed else "0"), largest
    show_svg(
        overlays.scale_svg(
            low,
            high,
            middle="0" if signed else "",
            table=tiles.colour_table(signed, dark),
            dark=dark,
        ),
        alt=_("Colour scale from {low} to {high}").format(low=low, high=high),
    )
