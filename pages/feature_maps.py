"""Feature maps: what does each layer see?"""

import streamlit as st

from cnnviz import images
from cnnviz.compute import defaults
from cnnviz.figures import tiles
from cnnviz.ui import address, channel, channel_overview, current, frame, layer_facts
from cnnviz.ui.components.grid import grid
from cnnviz.ui.language import _, n_
from cnnviz.ui.layer_stepper import stepper
from cnnviz.ui.pictures import is_dark
from cnnviz.ui.questions import ask

_SIDES = ((12, 150), (32, 104), (defaults.TILES, 76))  # few tiles can be larger

opened = current.model()
picture = current.image(opened)
card = opened.card
layers = {layer.name: layer for layer in defaults.shown_layers(card)}

views = {"image": _("for this image"), "set": _("over a data set")}
frame.head(
    "feature_maps",
    _(
        "Every tile is one channel of the layer: it shows where in the image that channel found "
        "what it is looking for. Step through the layers: from edges to ever larger parts."
    )
    if address.value("over", "image", valid=views) == "image"
    else _(
        "Every bar and every tile is one channel of the layer. Some channels respond to almost "
        "every image, some to one class only, and some never: those are dead."
    ),
)
if not layers:
    st.info(_("This network has no layers with maps, so there is nothing to show here."))
    frame.foot("feature_maps")
    st.stop()

usual = next((name for name in defaults.three_layers(card) if name in layers), next(iter(layers)))
names = list(layers)
name = address.value("layer", usual, valid=names)
layer = layers[name]
stepper(names, name)
view = address.widget(
    st.segmented_control,
    _("The layer's channels"),
    list(views),
    "over",
    "image",
    format_func=views.__getitem__,
    label_visibility="collapsed",
)
if view == "set":
    channel_overview.show(opened, layer)
    frame.foot("feature_maps")
    st.stop()
chosen = channel.chosen_channel(layer)
count, page = layer.output_shape[-1], defaults.TILES
start = address.number("from", (chosen or 0) // page * page, 0, count - 1) // page * page
answer = ask(
    "feature_maps",
    model=opened.reference,
    image=picture.reference,
    layer=name,
    offset=start,
    waiting=_("Sending the image through the network …"),
)
if chosen is not None:
    channel.show_channel(opened, picture, layer, chosen)

shared = address.value("scale", "each", valid=("each", "shared")) == "shared"
shown, signed, dead = answer["tiles"], answer["signed"], answer["dead"]
if shared:
    shown = tiles.rescale(shown, answer["scale"], signed)
maps, words_beside = st.columns([3, 1], gap="medium")
with maps:
    clicked = grid(
        tiles.map_sprite(shown, signed=signed, dark=is_dark()),
        key="maps",
        side=next(side for most, side in _SIDES if len(dead) <= most),
        tooltips=[
            _("Channel {channel}, silent for this image").format(channel=c)
            if quiet
            else _("Channel {channel}, strongest value {value}").format(
                channel=c, value=f"{scale:.2f}"
            )
            for c, quiet, scale in zip(answer["channels"], dead, answer["scale"], strict=True)
        ],
        dead=dead,
        selected=chosen - start if chosen in answer["channels"] else None,
        label=_("The channels of {layer}").format(layer=name),
    )
    if clicked is not None:
        address.choose("layer", name)  # on other pages another layer is the usual one
        address.choose("channel", str(answer["channels"][clicked]))
        address.choose("from", str(start) if start else None)
        st.rerun()
    channel.paging(start, page, count)
with words_beside:
    received = images.prepare(picture.image, card)
    with st.container(key="crisp-input"):
        st.image(
            images.encode_png(received, max(1, 224 // received.shape[1])),
            width="stretch",
            output_format="PNG",
            caption=_("the image, as the network receives it"),
        )
    st.markdown(f"**{layer_facts.shape_in_words(layer)}**")
    st.markdown(layer_facts.in_words(layer))
    silent = sum(dead)
    total = len(dead)
    if silent:
        st.markdown(
            n_(
                "{count} of the channels shown is silent for this image (hatched).",
                "{count} of the channels shown are silent for this image (hatched).",
                silent,
            )
        )
    channel.show_scale(signed, f"{max(answer['scale']):.2f}" if shared and total > silent else "")
    words = {"each": _("its own"), "shared": _("the same for all")}
    address.widget(
        st.segmented_control,
        _("Scale of each tile"),
        list(words),
        "scale",
        "each",
        format_func=words.__getitem__,
    )
    st.caption(
        _("All channels shown have the same scale: a pale tile found little.")
        if shared
        else _("Each tile has its own scale: its strongest value has the strongest colour.")
    )
    if signed:
        st.caption(_("Blue is negative, red is positive, the pale middle is zero."))
frame.foot("feature_maps")
