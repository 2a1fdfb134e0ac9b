"""The models as cards: what each one is for, how good it is, what can be done with it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.compute import defaults
from cnnviz.datasets.bundled import DATASETS, image_at
from cnnviz.datasets.image_references import PHOTOS, open_image
from cnnviz.models import store
from cnnviz.models.cards import Card
from cnnviz.models.references import ModelReference
from cnnviz.models.shipped import PURPOSES, SHIPPED
from cnnviz.ui import address
from cnnviz.ui.language import _, percent, split_names
from cnnviz.ui.model_choice import purpose_name
from cnnviz.ui.owner import current_owner
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask

_SAMPLES = 6
_TILE = 84


def model_card(entry: store.Entry, is_open: bool) -> None:
    """One card: samples of what it knows, its story, its accuracy, and its buttons."""
    card = entry.card
    with st.container(border=True, height="stretch", key=f"card-{_slug(entry.reference)}"):
        st.image(_samples(entry), width="stretch", output_format="PNG", alt=_("Sample images"))
        st.subheader(plain(_(card.title)), anchor=False)
        if purpose := purpose_name(entry):
            st.badge(purpose, color="orange" if purpose == _(PURPOSES["suspicious"]) else "gray")
        if card.story:
            st.markdown(_(card.story))
        st.caption(facts(card))
        for line in further_numbers(card):
            st.caption(line)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                _("Opened") if is_open else _("Open"),
                key=f"open-{entry.reference}",
                type="secondary" if is_open else "primary",
                disabled=is_open,
            ):
                open_model(entry.reference)
            with st.popover(_("More"), key=f"more-{_slug(entry.reference)}"):
                _more(entry)


def open_model(reference: str) -> None:
    """Make it the model of all pages, with an image that suits it, and show it at work."""
    address.choose("model", reference)
    for name in ("image", "layer", "channel", "classes"):
        address.choose(name, None)
    st.switch_page("pages/home.py")


def facts(card: Card) -> str:
    """Classes, input, parameters and accuracy in one line; every accuracy with its images."""
    height, width, channels = card.input_shape
    parts = [
        _("{count} classes").format(count=f"{len(card.class_names):,}"),
        (
            _("{width} × {height} pixels, colour")
            if channels == 3
            else _("{width} × {height} pixels, grey")
        ).format(width=width, height=height),
        _("{count} parameters").format(count=f"{card.parameters:,}"),
    ]
    if card.accuracy:
        measured = card.accuracy[0]
        parts.append(
            _("{percent} of {images} {split} images right").format(
                percent=percent(measured.value, 2),
                images=f"{measured.images:,}",
                split=split_names().get(measured.split, measured.split),
            )
        )
    return " · ".join(parts)


def further_numbers(card: Card) -> list[str]:
    """What puts the first accuracy in its place: one line for each further measurement."""
    return [
        _("On {images} {split} images of “{data}”: {percent} right").format(
            images=f"{measured.images:,}",
            split=split_names().get(measured.split, measured.split),
            data=_(DATASETS[measured.dataset].title),
            percent=percent(measured.value, 2),
        )
        for measured in card.accuracy[1:]
        if measured.dataset in DATASETS
    ]


def _samples(entry: store.Entry) -> bytes:
    """A strip of images of the kind the model knows."""
    card = entry.card
    if card.dataset in DATASETS:
        first = _SAMPLES * _place(entry)  # networks for the same images show others of them
        pictures = [image_at(card.dataset, "test", first + i)[0] for i in range(_SAMPLES)]
    else:
        names = list(PHOTOS)[:_SAMPLES]
        pictures = [open_image(f"photo:{name}").image for name in names]
        if card.input_shape[2] == 1:
            pictures = [open_image(defaults.image(entry.reference, card)).image] * _SAMPLES
    strip = np.concatenate([images.fit(p, (_TILE, _TILE), 3, "crop") for p in pictures], axis=1)
    return images.encode_png(strip)


def _place(entry: store.Entry) -> int:
    """The place among the shipped models, 0 for all others."""
    reference = ModelReference.parse(entry.reference)
    known = list(SHIPPED) if reference.kind == "shipped" else []
    return known.index(reference.identifier) if reference.identifier in known else 0


def _more(entry: store.Entry) -> None:
    card = entry.card
    if card.weaknesses:
        st.markdown(_("**What it cannot do.** {text}").format(text=_(card.weaknesses)))
    for title, text in (
        (_("How it was trained"), card.recipe),
        (_("Source"), card.source),
        (_("Licence"), card.licence),
    ):
        if text:
            st.markdown(_("**{title}.** {text}").format(title=title, text=_(text)))
    _downloads(entry)
    if entry.deletable:
        _change(entry)


def _downloads(entry: store.Entry) -> None:
    """Files are made when they are asked for: an export takes seconds and megabytes."""
    st.markdown(_("**Take it home**"))
    for kind, name in (("keras", ".keras"), ("tflite", _(".tflite, for phones (LiteRT)"))):
        key = f"export-{kind}-{entry.reference}"
        if st.session_state.get(key):
            answer = ask(
                "export", model=entry.reference, format=kind, waiting=_("Making the file …")
            )
            st.download_button(
                _("Save {filename}").format(filename=answer["filename"]),
                answer["data"],
                file_name=answer["filename"],
                key=f"save-{kind}-{entry.reference}",
                type="primary",
            )
        else:
            st.button(name, key=f"make-{key}", on_click=_set, args=(key,))


def _change(entry: store.Entry) -> None:
    owner = current_owner()
    title = st.text_input(
        _("Name"), entry.card.title, max_chars=store.MAX_TITLE, key=f"title-{entry.reference}"
    )
    if title.strip() and title.strip() != entry.card.title:
        store.rename_model(entry.reference, title, owner)
        st.rerun()
    sure = st.checkbox(_("Yes, delete this model for good"), key=f"sure-{entry.reference}")
    if st.button(_("Delete"), disabled=not sure, key=f"delete-{entry.reference}"):
        store.delete_model(entry.reference, owner)
        if address.value("model", defaults.MODEL) == entry.reference:
            address.choose("model", None)
        st.toast(_("Deleted."))
        st.rerun()


def _set(key: str) -> None:
    st.session_state[key] = True


def _slug(reference: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in reference)
