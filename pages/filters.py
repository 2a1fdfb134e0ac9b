"""Filters: what is each channel looking for?"""

import streamlit as st

from cnnviz.compute import defaults
from cnnviz.errors import CnnvizError
from cnnviz.ui import (
    address,
    channel,
    channel_card,
    channel_data,
    current,
    filter_pictures,
    filter_ways,
    frame,
)
from cnnviz.ui.language import _
from cnnviz.ui.plain_text import plain
from cnnviz.ui.sentences import in_words

opened = current.model()
card = opened.card
layers = filter_pictures.layers_to_choose(card)

frame.head(
    "filters",
    _(
        "Each picture was **made**, starting from noise, to excite one channel as strongly as "
        "possible: what you see in it is what that channel is looking for. It is not a picture of "
        "anything in the data."
    ),
)
if not layers:
    st.info(_("This network has no layers with channels, so there is nothing to show here."))
    frame.foot("filters")
    st.stop()

usual = card.filter_layer if card.filter_layer in layers else next(iter(layers))
name = address.value("layer", usual, valid=layers)
layer = layers[name]
count = layer.output_shape[-1]
chosen = channel.chosen_channel(layer)
page = defaults.FILTERS
first = address.number("first", (chosen or 0) // page * page, 0, count - 1) // page * page
channels = list(range(first, min(first + page, count)))
steps = int(
    address.value("steps", str(defaults.FILTER_STEPS), [str(s) for s in filter_pictures.STEPS])
)
drawn: set = st.session_state.setdefault("_drawn_filters", set())
wanted = (opened.reference, name, first, steps)
place = st.container()  # the chosen channel stands above the grid, and is drawn after it

st.subheader(_("Channels {first} to {last} of {layer}").format(
    first=first, last=channels[-1], layer=plain(name)
), anchor=False)  # fmt: skip
measured = channel_data.measure(opened, layer)
real = filter_pictures.real_patches(measured, channels)
pictures = None
asked_for = wanted in drawn or (name, first, steps) == (usual, 0, defaults.FILTER_STEPS)
if asked_for:
    pictures = filter_pictures.paint(opened, layer, channels, steps, real)
if pictures is not None or real is not None:
    filter_pictures.show_grid(card, layer, pictures, real, channels, chosen, measured)
if not asked_for:
    st.markdown(_("What each channel is looking for is not drawn yet. It takes a few seconds."))

with st.container(horizontal=True, vertical_alignment="bottom", key="filter-choices"):
    key = "choice-layer"
    st.session_state[key] = name

    def to_layer() -> None:
        channel.choose_layer(st.session_state[key])
        address.choose("first", None)

    st.selectbox(
        _("Layer"),
        list(layers),
        key=key,
        on_change=to_layer,
        format_func=lambda n: _("{layer} · {count} channels").format(
            layer=n, count=f"{layers[n].output_shape[-1]:,}"
        ),
    )
    starts = [str(n) for n in range(0, count, page)]
    key_first = "choice-first"
    st.session_state[key_first] = str(first)

    def to_channels() -> None:
        address.choose("first", st.session_state[key_first])
        address.choose("channel", None)

    st.selectbox(
        _("Channels"),
        starts,
        key=key_first,
        on_change=to_channels,
        format_func=lambda s: _("{first} to {last}").format(
            first=int(s), last=min(int(s) + page, count) - 1
        ),
    )
    st.button(
        _("Draw them"),
        key="draw-filters",
        type="primary",
        icon=":material/brush:",
        disabled=pictures is not None or wanted in drawn,
        on_click=drawn.add,
        args=(wanted,),
    )

if chosen is not None:
    with place:
        shown = pictures is not None and chosen in channels
        picture = pictures[channels.index(chosen)] if shown else None
        channel_card.show(opened, layer, chosen, measured, picture)

with st.expander(_("The weights of the first layer")):
    try:
        filter_pictures.show_kernels(opened)
    except CnnvizError as error:
        st.info(in_words(error))
with st.expander(_("How the pictures are made")):
    st.markdown(
        _(
            "An image of weak noise is changed step by step so that the channel's average response "
            "grows (gradient ascent). Between the steps it is shifted, turned and scaled a little, "
            "so that only patterns survive that are found in any position. Strange colours and "
            "repetitions come from this: nothing asks for a natural image."
        )
    )
    words = {"128": _("quick (128 steps)"), "512": _("fine (512 steps)")}
    address.widget(
        st.segmented_control,
        _("How long to draw"),
        list(words),
        "steps",
        "128",
        format_func=words.__getitem__,
    )
    filter_ways.show(opened, layer, channels[0] if chosen is None else chosen)
frame.foot("filters")
