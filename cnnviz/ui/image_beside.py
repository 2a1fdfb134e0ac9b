"""A neighbour beside the image: what the network saw in both that made them alike."""

from __future__ import annotations

import re

import streamlit as st

from cnnviz import images
from cnnviz.datasets.image_references import Picture, open_image
from cnnviz.errors import Cancelled, CnnvizError
from cnnviz.figures import overlays
from cnnviz.ui import address, frame, heatmap_panels
from cnnviz.ui.heatmap_panels import panels_of
from cnnviz.ui.image_subject import Subject
from cnnviz.ui.language import _, split_names
from cnnviz.ui.photo import seen
from cnnviz.ui.pictures import show_png
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask
from cnnviz.ui.vote_words import share_in_words

_KEY = re.compile(r"([0-9]{1,9})-(train|val|test)-([0-9]{1,9})")


def key_of(subject: Subject, split: str, index: int) -> str:
    """How the address names an image beside this one."""
    return f"{subject.index}-{split}-{index}"


def show(subject: Subject) -> None:
    """The chosen neighbour with the heat for the class that this image was called."""
    found = _KEY.fullmatch(address.value("beside", ""))
    if found is None or int(found[1]) != subject.index:
        _forget()
        return
    split, index = found[2], int(found[3])
    try:
        picture = open_image(f"data:{subject.labelled.dataset}/{split}/{index}")
    except CnnvizError:
        _forget()
        return
    with st.container(border=True, key="beside"):
        try:
            _draw(subject, split, index, picture)
        except Cancelled:
            return
        except CnnvizError as error:
            frame.show_error(error)


def _forget() -> None:
    """An address that names no neighbour of this image is no part of the view."""
    address.choose("beside", None)
    address.value("beside", "")


def _draw(subject: Subject, split: str, index: int, picture: Picture) -> None:
    same = {"model": subject.labelled.opened.reference, "image": picture.reference}
    vote = ask("predict", **same)["classes"][0]
    st.markdown(
        _("**{split} image {index}**: “{label}”, called “{called}” with {share}").format(
            split=split_names()[split].capitalize(),
            index=f"{index:,}",
            label=plain(_(picture.label)) if picture.label else "",
            called=subject.shown(vote["index"]),
            share=share_in_words(subject.card, vote["share"]),
        )
    )
    if subject.card.heatmap_layer:
        _heats(subject, picture, same)
    else:
        with st.grid(4, min_column_width=120):
            for one in (subject.picture, picture):
                show_png(images.encode_png(overlays.enlarged(one.image)), alt=_("The image"))
    _actions(subject, split, index, same)


def _heats(subject: Subject, picture: Picture, same: dict) -> None:
    """Both images with what spoke for the class that the first was called."""
    name = subject.name(subject.called)
    pairs = [
        (one, panels_of(ask("heatmaps", targets=[subject.called], **about))[0])
        for one, about in ((subject.picture, subject.model_and_image), (picture, same))
    ]
    with st.grid(4, min_column_width=120):
        for one, panel in pairs:
            drawn = heatmap_panels.drawn(panel, seen(one, subject.card), 0.75, None)
            show_png(images.encode_png(overlays.enlarged(one.image)), alt=_("The image"))
            show_png(
                images.encode_png(overlays.enlarged(drawn)),
                alt=_("What spoke for “{name}”").format(name=name),
            )
    st.caption(
        _(
            "This image and the other, each beside what spoke for “{name}” in it. Each heatmap has "
            "its own scale: its strongest place has the strongest colour."
        ).format(name=subject.shown(subject.called))
    )


def _actions(subject: Subject, split: str, index: int, same: dict) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if split == subject.labelled.split and st.button(
            _("Explain that image"), key="beside-open", icon=":material/open_in_full:"
        ):
            address.choose("at", str(index))
            address.choose("beside", None)
            st.rerun()
        st.page_link(
            "pages/heatmaps.py",
            label=_("Its heatmaps in detail"),
            icon=":material/local_fire_department:",
            query_params={**same, "classes": "", "against": "", "heat_view": "classes"},
        )
        if st.button(_("Close"), key="beside-close", icon=":material/close:", type="tertiary"):
            address.choose("beside", None)
            st.rerun()
