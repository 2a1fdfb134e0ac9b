"""Architecture: what is it made of?"""

import streamlit as st

from cnnviz import images
from cnnviz.figures.architecture import architecture_svg, group_layers
from cnnviz.ui import address, channel, current, frame, layer_facts, receptive_picture
from cnnviz.ui.components.drawing import drawing
from cnnviz.ui.language import _
from cnnviz.ui.pictures import is_dark
from cnnviz.ui.plain_text import plain

opened = current.model()
picture = current.image(opened)
card = opened.card
groups = group_layers(card.layers)
names = [layer.name for layer in card.layers]


def usual_layer() -> str:
    """A convolution in the middle; the first one where the middle hides in a folded group."""
    convolutions = [x.name for x in card.layers if "Conv" in x.kind]
    if len(groups) == len(names) and card.filter_layer:
        until = names.index(card.filter_layer) + 1
        return next((x for x in names[:until][::-1] if x in convolutions), card.filter_layer)
    return next(iter(convolutions), names[0])


frame.head(
    "architecture",
    _(
        "The image goes through the layers from left to right. The height of a block is the size "
        "of its maps, its width the number of its channels: the maps shrink, the channels grow. "
        "Click a layer to look into it."
    ),
)

name = address.value("layer", usual_layer(), valid=names)
layer = card.layer(name)
open_groups = set(address.value("open", "").split("~")) & {g.name for g in groups}
clicked = drawing(
    architecture_svg(
        card.layers,
        selected=name,
        expanded=open_groups,
        parameters=_("{count} parameters"),
        group_size=_("{count} layers"),
        dark=is_dark(),
    ),
    key="architecture",
    label=_("The layers of the network"),
)
if clicked:
    kind, _colon, found = clicked.partition(":")
    if kind == "layer":
        channel.choose_layer(found)
    else:
        group = next(g for g in groups if g.name == found)
        holds_selected = any(x.name == name for x in group.layers)
        if found in open_groups or holds_selected:
            open_groups.discard(found)
            if holds_selected:  # a selected layer keeps its group open: let go of it
                address.choose("layer", None)
        else:
            open_groups.add(found)
        address.choose("open", "~".join(sorted(open_groups)) or None)
    st.rerun()

with st.container(horizontal=True, key="totals", gap="large"):
    st.metric(_("Layers"), f"{len(card.layers):,}", width="content")
    st.metric(_("Parameters (learnt numbers)"), f"{card.parameters:,}", width="content")
    st.metric(
        _("Calculations for one image"),
        layer_facts.large(card.flops),
        width="content",
        help=_("Multiplications and additions, each counted as one."),
    )

st.subheader(plain(name), anchor=False)
if words := layer_facts.in_words(layer):
    st.markdown(words)
received = images.prepare(picture.image, card)
left, right = st.columns([5, 6], gap="large")
with right:
    st.html(layer_facts.table(card, layer))
    if layer.spatial and layer.kind != "InputLayer":
        st.page_link(
            "pages/feature_maps.py",
            label=_("What does this layer see in the image?"),
            icon=":material/grid_view:",
            query_params={"layer": name},
        )
with left:
    if layer.receptive_field is None or len(layer.output_shape) != 3:
        st.markdown(
            _("Every unit of this layer sees the whole image, {height} × {width} pixels.").format(
                height=card.input_shape[0], width=card.input_shape[1]
            )
        )
    else:
        unit = receptive_picture.chosen_unit(layer)
        sentence = receptive_picture.sentence(card, layer, unit)
        receptive_picture.picture_of_unit(received, layer, unit, sentence.replace("*", ""))
with right:
    if layer.receptive_field is not None and len(layer.output_shape) == 3:
        st.markdown(sentence + " " + _("Click another place of the image to move there."))
        receptive_picture.close_up(received, layer, unit)
        with st.expander(_("Step from unit to unit")):
            receptive_picture.steps_of_unit(layer, unit)

if len(receptive_picture.stops(card)) > 1:
    st.subheader(_("The deeper the layer, the wider its view"), anchor=False)
    st.markdown(
        _("The window of the unit in the middle, layer after layer. Click one to look into it.")
    )
    if wanted := receptive_picture.growing_view(card, received, name):
        channel.choose_layer(wanted)
        address.choose("unit", None)
        st.rerun()
elif everywhere := receptive_picture.first_that_sees_all(card):
    st.subheader(_("The deeper the layer, the wider its view"), anchor=False)
    st.markdown(
        _(
            "Here the view does not grow step by step: from the layer “{layer}” on, every unit "
            "sees the whole image, because a layer before it looks at all places at once."
        ).format(layer=plain(everywhere.name))
    )
frame.foot("architecture")
