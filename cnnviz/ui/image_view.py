"""One image with the model's answer and its reasons: the view that a cell, a point, a row of a
table, a cause and the gallery all open."""

from __future__ import annotations

import streamlit as st

from cnnviz import images
from cnnviz.figures import overlays
from cnnviz.ui import address, image_vote
from cnnviz.ui.image_heats import base_of, heats, link
from cnnviz.ui.image_neighbours import neighbours
from cnnviz.ui.image_parting import parting
from cnnviz.ui.image_subject import Subject, subject_of
from cnnviz.ui.language import _, split_names
from cnnviz.ui.many import Labelled
from cnnviz.ui.mistake_marks import mark_controls
from cnnviz.ui.pictures import show_png


def image_view(labelled: Labelled, index: int) -> None:
    """The image at ``index`` of the split: the vote, what spoke for it, what is alike, and where
    the layers part. What takes long comes last, and nothing waits for it."""
    subject = subject_of(labelled, index)
    st.subheader(image_vote.header(subject), anchor=False)
    st.markdown(image_vote.in_words(subject))
    left, right = st.columns([1, 1.7], gap="medium")
    with left:
        _picture(subject)
        mark_controls(labelled, index)
    with right:
        image_vote.bars(subject)
        heats(subject)
        _ways_on(subject)
    neighbours(subject)
    names = {"true": subject.shown(subject.true), "other": subject.shown(subject.rival)}
    title = _("At which layer do “{true}” and “{other}” part?").format(**names)
    folded = st.expander(title, key="parting-box", icon=":material/call_split:", on_change="rerun")
    if folded.open:
        with folded:
            parting(subject)


def _picture(subject: Subject) -> None:
    show_png(
        images.encode_png(overlays.enlarged(base_of(subject).photo)),
        alt=_("The image"),
        key=f"view-{subject.index}",
    )
    st.caption(
        _("Image {index} of the {split} images").format(
            index=f"{subject.index:,}", split=split_names()[subject.labelled.split]
        )
    )


def _ways_on(subject: Subject) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            _("Follow this image through the network"),
            key=f"follow-{subject.index}",
            icon=":material/arrow_forward:",
        ):
            address.choose("model", subject.labelled.opened.reference)
            address.choose("image", subject.picture.reference)
            st.switch_page("pages/feature_maps.py")
        link(subject)
