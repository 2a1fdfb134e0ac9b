"""One channel painted in several ways, side by side: what each part of the recipe is good for."""

from __future__ import annotations

import streamlit as st

from cnnviz import images
from cnnviz.errors import Cancelled
from cnnviz.figures.png import enlarge_to
from cnnviz.models.cards import Layer
from cnnviz.texts import N_
from cnnviz.ui import channel
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _
from cnnviz.ui.pictures import show_png
from cnnviz.ui.questions import ask

_SIDE = 224
# What is asked, the way's name, and what it shows; {channel} is a channel.
_WAYS = (
    (
        {"parametrisation": "pixels"},
        N_("Pixel by pixel"),
        N_("Nothing holds the pixels together, so the picture looks like noise. It excites the "
           "channel all the same."),
    ),
    (
        {},
        N_("As waves, shaken"),
        N_("The picture is made of waves and shaken at every step, as all on this page."),
    ),
    (
        {"objective": "neuron"},
        N_("One neuron"),
        N_("Only the middle position of the channel is to be excited: the picture fills the part "
           "that it sees."),
    ),
    (
        {"objective": "layer"},
        N_("The whole layer"),
        N_("All channels at once, the loudest most (DeepDream)."),
    ),
)  # fmt: skip


def show(opened: Opened, layer: Layer, number: int) -> None:
    """A button; once it was pressed, the pictures of one channel made in four ways."""
    name, asked = (
        channel.name_of(opened.card, layer, number),
        (opened.reference, layer.name, number),
    )
    key = "_ways_wanted"
    if st.session_state.get(key) != asked:
        st.button(
            _("Compare ways of drawing: {channel}").format(channel=name),
            key="compare-ways",
            icon=":material/compare:",
            on_click=st.session_state.__setitem__,
            args=(key, asked),
        )
        return
    ways = [way for way in _WAYS if layer.spatial or way[0].get("objective") != "neuron"]
    for (parameters, title, words), place in zip(ways, st.columns(len(ways)), strict=True):
        with place:
            st.markdown(f"**{_(title)}**")
            try:
                answer = ask(
                    "filters",
                    model=opened.reference,
                    layer=layer.name,
                    channels=[0] if parameters.get("objective") == "layer" else [number],
                    waiting=_("The picture is forming"),
                    **parameters,
                )
            except Cancelled:
                return
            picture = enlarge_to(answer["pictures"][0], _SIDE)
            show_png(images.encode_png(picture), alt=f"{name}: {_(title)}")
            st.caption(_(words))
