"""One image of a data set with the model's answer: the same view from a cell, a point or a row."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.datasets.image_references import open_image
from cnnviz.figures import charts, overlays
from cnnviz.ui import address
from cnnviz.ui.language import _, percent, split_names
from cnnviz.ui.many import Labelled
from cnnviz.ui.pictures import chart, is_dark, show_png
from cnnviz.ui.questions import ask

_TOP = 5


def image_view(labelled: Labelled, index: int) -> None:
    """The image, the vote, and what spoke for the answer beside what spoke for the truth."""
    card = labelled.opened.card
    reference = labelled.reference(index)
    picture = open_image(reference)
    same = {"model": labelled.opened.reference, "image": reference}
    vote = ask("predict", **same)["classes"][:_TOP]
    true = list(card.class_names).index(picture.label)
    called = vote[0]["index"]
    if called == true:
        st.subheader(_("“{name}”, and recognised").format(name=_(picture.label)), anchor=False)
    else:
        st.subheader(
            _("“{true}”, called “{called}”").format(
                true=_(picture.label), called=_(card.class_names[called])
            ),
            anchor=False,
        )
    targets = [called] if called == true else [called, true]
    columns = st.columns([1] * (1 + len(targets)) + [1.4], gap="medium")
    with columns[0]:
        show_png(
            images.encode_png(overlays.enlarged(picture.image)),
            alt=_("The image"),
            key=f"view-{index}",
        )
        st.caption(
            _("Image {index} of the {split} images").format(
                index=f"{index:,}", split=split_names()[labelled.split]
            )
        )
    if card.heatmap_layer:
        answer = ask("heatmaps", targets=targets, **same)
        largest = float(np.max(answer["maps"])) or None  # one scale, so that the two compare
        for column, heat, target, positive in zip(
            columns[1:-1], answer["maps"], targets, answer["positive"], strict=True
        ):
            with column:
                _heat(picture.image, heat, card, _(card.class_names[target]), positive, largest)
    with columns[-1]:
        chart(
            charts.probability_bars(
                [_(c["name"]) for c in vote],
                [c["share"] for c in vote],
                [percent(c["share"]) for c in vote],
                dark=is_dark(),
            ),
            key=f"vote-{index}",
            alt=_("The network's vote"),
        )
    if st.button(
        _("Follow this image through the network"),
        key=f"follow-{index}",
        icon=":material/arrow_forward:",
    ):
        address.choose("model", labelled.opened.reference)
        address.choose("image", reference)
        st.switch_page("pages/feature_maps.py")


def _heat(
    photo: np.ndarray,
    heat: np.ndarray,
    card: object,
    name: str,
    positive: bool,
    largest: float | None,
) -> None:
    placed = images.place_back(heat, photo.shape, card.input_shape[:2], card.fit)
    drawn = overlays.overlay(photo, placed, largest=largest)
    show_png(images.encode_png(drawn.image), alt=_("What spoke for “{name}”").format(name=name))
    if positive:
        st.caption(_("what spoke for “{name}”").format(name=name))
    else:
        st.caption(_("nothing spoke for “{name}”").format(name=name))
