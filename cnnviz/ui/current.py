"""The model and the image that all pages share."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cnnviz.compute import defaults
from cnnviz.datasets.image_references import Picture, open_image
from cnnviz.errors import CnnvizError
from cnnviz.models.cards import Card
from cnnviz.models.references import ModelReference
from cnnviz.ui import address
from cnnviz.ui.language import _
from cnnviz.ui.sentences import in_words


@dataclass(frozen=True)
class Opened:
    """A model reference with its card."""

    reference: str
    card: Card


def model() -> Opened:
    """The chosen model; when it cannot be opened, a sentence and the default one instead."""
    reference = address.value("model", defaults.MODEL)
    try:
        parsed = ModelReference.parse(reference)
        return Opened(str(parsed), parsed.card)
    except CnnvizError as error:
        st.warning(in_words(error) + " " + _("Showing the network for everyday photos instead."))
        address.choose("model", None)
        parsed = ModelReference.parse(defaults.MODEL)
        return Opened(str(parsed), parsed.card)


def image(opened: Opened) -> Picture:
    """The chosen image, or one that suits the model when none was chosen."""
    fallback = defaults.image(opened.reference, opened.card)
    reference = address.value("image", fallback)
    try:
        return open_image(reference)
    except CnnvizError as error:
        st.warning(in_words(error) + " " + _("Showing a sample instead."))
        address.choose("image", None)
        return open_image(fallback)


def class_names_of_photos() -> list[str]:
    """The 1,000 classes of ImageNet, in the order that every network trained on it has them."""
    return list(ModelReference.parse(defaults.MODEL).card.class_names)
