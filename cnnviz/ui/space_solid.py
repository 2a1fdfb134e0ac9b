"""The map in three dimensions, to be turned with the mouse."""

from __future__ import annotations

import streamlit as st

from cnnviz.figures.space import solid
from cnnviz.ui.language import _
from cnnviz.ui.many import Labelled
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.questions import ask
from cnnviz.ui.space_choices import METHODS, Choices

IMAGES = 1000


def draw(labelled: Labelled, choices: Choices) -> None:
    """The same images by the same method with one dimension more; at most a thousand of them."""
    asked = {**choices.arranged, "dimensions": 3, "limit": min(IMAGES, choices.count)}
    answer = ask(
        "embedding", waiting=_("The images find their places …"), **labelled.asked, **asked
    )
    chart(
        solid(answer["points"], answer["labels"], labelled.class_names, dark=is_dark()),
        key="solid",
        alt=_("Map of the images in three dimensions"),
    )
    st.caption(
        _(
            "{count} images, {method} in three dimensions. Drag to turn it, scroll to come nearer."
        ).format(count=f"{len(answer['points']):,}", method=METHODS[answer["method"]])
    )
