"""The sidebar: the model and the image that all pages share, and the language."""

from __future__ import annotations

import streamlit as st

from cnnviz import images
from cnnviz.models import store
from cnnviz.models.references import ModelReference
from cnnviz.ui import address, current, epochs, image_box
from cnnviz.ui.labels import distinct
from cnnviz.ui.language import LANGUAGES, _, language, percent, split_names
from cnnviz.ui.owner import current_owner
from cnnviz.ui.plain_text import plain


def draw() -> None:
    """Draw the sidebar. Pages read the same choices through :mod:`cnnviz.ui.current`."""
    with st.sidebar:
        opened = _model()
        st.divider()
        _image(opened)
        st.divider()
        _language()


def titles(owner: str) -> dict[str, str]:
    """Reference → title of everything this person can open, in the order of the picker."""
    return {e.reference: _(e.card.title) for e in store.list_models(owner)}


def _model() -> current.Opened:
    opened = current.model()
    reference = ModelReference.parse(opened.reference)
    base = reference.base
    options = titles(current_owner())
    options.setdefault(base, _(opened.card.title))  # a shared link to somebody else's model
    key = "sidebar-model"
    st.session_state[key] = base
    st.selectbox(
        _("Model"),
        list(options),
        key=key,
        format_func=distinct(options, options.__getitem__),
        on_change=lambda: address.choose("model", st.session_state[key]),
    )
    epochs.slider(reference)
    names = len(opened.card.class_names)
    facts = [_("{count} classes").format(count=f"{names:,}")]
    if opened.card.accuracy and reference.checkpoint in (None, "best"):  # of the finished network
        measured = opened.card.accuracy[0]
        facts.append(
            _("{percent} of {count} {split} images right").format(
                percent=percent(measured.value, 1),
                count=f"{measured.images:,}",
                split=split_names().get(measured.split, measured.split),
            )
        )
    st.caption(" · ".join(facts))
    return opened


def _image(opened: current.Opened) -> None:
    picture = current.image(opened)
    card = opened.card
    received = images.prepare(picture.image, card)
    enlarge = max(1, 224 // max(received.shape[:2]))
    st.image(images.encode_png(received, enlarge), width="stretch", output_format="PNG")
    title = _(picture.title)
    if picture.label:
        title = f"{title} · {_(picture.label)}"
    st.caption(
        _("{title}. As the network receives it: {width} × {height} pixels.").format(
            title=plain(title), width=card.input_shape[1], height=card.input_shape[0]
        )
    )
    if st.button(
        _("Change the image"), key="change-image", icon=":material/image:", width="stretch"
    ):
        image_box.open_dialog(opened)


def _language() -> None:
    key = "sidebar-language"
    st.session_state[key] = language()
    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        key=key,
        format_func=LANGUAGES.__getitem__,
        on_change=lambda: address.choose("lang", st.session_state[key]),
        label_visibility="collapsed",
    )
