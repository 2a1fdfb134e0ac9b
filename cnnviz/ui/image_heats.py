"""What in one image spoke for the class it was called, for the other one, and for one over both."""

from __future__ import annotations

import streamlit as st

from cnnviz import images
from cnnviz.errors import Cancelled, CnnvizError
from cnnviz.figures import overlays
from cnnviz.ui import frame, heatmap_panels
from cnnviz.ui.heatmap_panels import Panel, panels_of
from cnnviz.ui.image_subject import Subject
from cnnviz.ui.language import _
from cnnviz.ui.photo import Seen, seen
from cnnviz.ui.pictures import show_png
from cnnviz.ui.questions import ask

_OPACITY = 0.75


def base_of(subject: Subject) -> Seen:
    """The image as heat is laid on it."""
    return seen(subject.picture, subject.card)


def heats(subject: Subject) -> None:
    """Three pictures side by side: for the called class, for the other on the same scale, and what
    told the first from the second."""
    if not subject.card.heatmap_layer:
        st.caption(
            _(
                "This network has no layer that keeps where things are, so what spoke for its "
                "answer cannot be drawn here. The page “Heatmaps” can cover parts of the image."
            )
        )
        return
    try:
        _draw(subject)
    except Cancelled:
        return
    except CnnvizError as error:  # the rest of what explains the image is still there
        frame.show_error(error)


def _draw(subject: Subject) -> None:
    first, second = subject.called, subject.rival if subject.right else subject.true
    base = base_of(subject)
    both = panels_of(ask("heatmaps", targets=[first, second], **subject.model_and_image))
    contrast = ask("heatmaps", targets=[first], against=second, **subject.model_and_image)
    largest = heatmap_panels.top_of_all(both)
    with st.grid(3, min_column_width=96, gap="small"):
        for panel in both:
            with st.container():
                _picture(panel, base, largest, subject)
                st.caption(_for_class(panel, subject))
        with st.container():
            (panel,) = panels_of(contrast)
            _picture(panel, base, None, subject)
            st.caption(
                _("**red** for “{called}”, **blue** for “{other}”").format(
                    called=subject.shown(first), other=subject.shown(second)
                )
            )
    st.caption(_("The first two pictures have one scale, so that their strengths compare."))


def link(subject: Subject) -> None:
    """To the page Heatmaps, with this image and these two classes."""
    second = subject.rival if subject.right else subject.true
    st.page_link(
        "pages/heatmaps.py",
        label=_("Its heatmaps in detail"),
        icon=":material/local_fire_department:",
        query_params={
            "model": subject.labelled.opened.reference,
            "image": subject.picture.reference,
            "classes": f"{subject.called},{second}",
            "against": "",
            "heat_view": "classes",
            "scale": "shared",
        },
    )


def _picture(panel: Panel, base: Seen, largest: float | None, subject: Subject) -> None:
    name = subject.name(panel.target)
    alt = _("What spoke for “{name}”").format(name=name)
    if panel.against is not None:
        alt = _("What spoke for “{name}” rather than “{rival}”").format(
            name=name, rival=subject.name(panel.against)
        )
    drawn = heatmap_panels.drawn(panel, base, _OPACITY, largest)
    show_png(images.encode_png(overlays.enlarged(drawn)), alt=alt)


def _for_class(panel: Panel, subject: Subject) -> str:
    name = subject.shown(panel.target)
    if panel.positive:
        return _("what spoke for “{name}”").format(name=name)
    return _("nothing spoke for “{name}”").format(name=name)
