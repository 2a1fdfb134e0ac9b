"""“Can I trust this?”: a heatmap put to the test, in three ways. Draw it only when it is opened."""

from __future__ import annotations

import streamlit as st

from cnnviz.datasets.image_references import Picture
from cnnviz.errors import Cancelled, CnnvizError
from cnnviz.models.cards import Card
from cnnviz.ui import address, frame, trust_curves, trust_forgetting, trust_table
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _, one_language
from cnnviz.ui.trust_subject import Subject


@st.fragment
@one_language()
def show(
    opened: Opened,
    picture: Picture,
    card: Card,
    method: str,
    target: int | None,
    layer: str | None,
    against: int | None = None,
) -> None:
    """The checks of one heatmap, one at a time; nothing is computed for the others.

    Args:
        opened, picture, card: as the page has them.
        method: a key of the catalogue.
        target: the class that is explained; None for the one with most of the vote.
        layer: for class activation maps; None for the usual one.
        against: a class that the target is held against.
    """
    subject = Subject(opened, picture, card, method, target, layer, against)
    views = {
        "pixels": _("Take pixels away"),
        "forget": _("Let the network forget"),
        "methods": _("Compare methods"),
    }
    chosen = address.widget(
        st.segmented_control,
        _("How to test it"),
        list(views),
        "trust",
        "pixels",
        format_func=views.__getitem__,
        label_visibility="collapsed",
    )
    draw = {"pixels": trust_curves, "forget": trust_forgetting, "methods": trust_table}[chosen]
    try:
        draw.draw(subject)
    except Cancelled:
        return
    except CnnvizError as error:
        frame.show_error(error)
