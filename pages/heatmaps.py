"""Heatmaps: what spoke for this answer?"""

from functools import partial

import streamlit as st

from cnnviz.errors import Cancelled, CnnvizError
from cnnviz.ui import (
    current,
    frame,
    heatmap_asking,
    heatmap_choices,
    heatmap_controls,
    heatmap_how,
    heatmap_panels,
    heatmap_patch,
    heatmap_saving,
    heatmap_words,
    trust_panel,
)
from cnnviz.ui.language import _
from cnnviz.ui.photo import seen, show_steps
from cnnviz.ui.pictures import show_png
from cnnviz.ui.plain_text import plain
from cnnviz.ui.sentences import in_words

opened = current.model()
picture = current.image(opened)
card = opened.card
ranked = heatmap_asking.ranked_classes(opened, picture)
choices = heatmap_choices.read(card, ranked)

frame.head("heatmaps", heatmap_words.how_to_read(choices, card))
if warning := heatmap_words.warning_of(picture, card):
    st.info(warning)
heatmap_controls.first_row(card, choices, ranked)

base = seen(picture, card)
panels: list[heatmap_panels.Panel] = []
place = st.empty()


def forming(so_far: list[heatmap_panels.Panel]) -> None:
    with place.container():
        heatmap_panels.show_forming(so_far, base, choices)


if choices.view == "patch":
    heatmap_patch.show(opened, picture, choices)
else:
    try:
        panels = heatmap_asking.panels(opened, picture, choices, forming)
    except Cancelled:  # the note with the way to start again is there
        pass
    except CnnvizError as error:
        st.info(in_words(error))
    place.empty()

shared = choices.shared and choices.view != "methods"
largest = heatmap_panels.top_of_all(panels) if shared else None
if panels and choices.view != "classes":
    st.markdown(heatmap_words.explained(panels, card))
places = heatmap_panels.columns(len(panels))
for column, panel in zip(places, panels, strict=False):
    with column:
        st.subheader(heatmap_words.title(panel, choices, card), anchor=False)
        st.markdown(heatmap_words.subtitle(panel, choices, card))
        if not panel.problem:
            name = heatmap_words.target(panel, card)
            show_png(
                heatmap_panels.png(panel, base, choices.opacity, largest),
                alt=_("The image with the areas that spoke for {name}").format(name=name),
                key=f"heat-{panel.key}",
            )
        for said in heatmap_words.about(panel, card):
            st.info(said)
        if not panel.problem:
            heatmap_saving.save_buttons(panel, opened, picture, base, choices, largest)
if len(panels) == 1:
    with places[1]:
        st.subheader(_("The image"), anchor=False)
        st.markdown(plain(heatmap_words.image_title(picture)))
        show_png(heatmap_panels.photo_png(base), alt=_("The image"), key="heat-photo")
heatmap_panels.show_scales(panels, partial(heatmap_words.ends, card=card))
if panels:
    notes = heatmap_words.notes(panels, choices, card, whole=base.whole)
    st.caption(" ".join(notes))
show_steps(picture, card)
if choices.view != "patch":
    heatmap_controls.second_row(card, choices, ranked)
    with st.expander(_("Colours"), icon=":material/palette:", key="colours-box"):
        heatmap_controls.colours(choices)
    # What is folded away is made when it is opened: the pictures are there sooner.
    trust, link, how = (
        st.expander(title, icon=f":material/{icon}:", key=f"{icon}-box", on_change="rerun")
        for title, icon in (
            (_("Can I trust this?"), "fact_check"),
            (_("Link to this view"), "link"),
            (_("How it works"), "function"),
        )
    )
    if trust.open:
        with trust:
            trust_panel.show(
                opened,
                picture,
                card,
                choices.method.name,
                choices.classes[0],
                choices.layer,
                choices.against,
            )
    if link.open:
        with link:
            heatmap_saving.share_link(opened, picture)
    if how.open:
        with how:
            heatmap_how.show(panels, choices, card)
frame.foot("heatmaps")
