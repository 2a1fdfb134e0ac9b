"""The controls of the page of heatmaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.models.cards import Card
from cnnviz.ui import address, heatmap_choices, heatmap_words
from cnnviz.ui.heatmap_choices import MOST_CLASSES, Choices
from cnnviz.ui.labels import distinct
from cnnviz.ui.language import _


def first_row(card: Card, choices: Choices, ranked: Sequence[int]) -> None:
    """What is asked, and what stands side by side."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="heat-question"):
        if choices.view in ("classes", "layers"):
            address.widget(
                st.selectbox,
                _("Question"),
                heatmap_choices.offered(card, choices.view),
                "heat_method",
                heatmap_choices.usual_method(card),
                format_func=lambda name: heatmap_words.question(CATALOGUE[name]),
                width=560,
            )
        elif choices.view == "patch":
            with st.container(width=320):
                _one_class(card, choices, _order(card, ranked))
        words = {
            "classes": _("Classes"),
            "methods": _("Methods"),
            "layers": _("Layer by layer"),
            "patch": _("Cover a part"),
        }
        address.widget(
            st.segmented_control,
            _("Show"),
            heatmap_choices.views(card),
            "heat_view",
            "classes",
            format_func=words.__getitem__,
            wrap=True,
        )


def second_row(card: Card, choices: Choices, ranked: Sequence[int]) -> None:
    """Of which class, rather than which, read off which layer."""
    order = _order(card, ranked)
    layered = choices.view == "methods" or choices.method.takes_layer
    classless = choices.view != "methods" and choices.method.class_blind
    columns = st.columns(3, gap="medium")
    if not classless:
        with columns[0]:
            (_classes if choices.view == "classes" else _one_class)(card, choices, order)
        with columns[1]:
            _against(card, choices, order)
    with columns[0 if classless else 2]:
        if choices.view in ("classes", "methods") and layered and card.heatmap_layer:
            _layer(card)
    if choices.view == "methods":
        _several(
            _("Methods"),
            heatmap_choices.offered(card, "methods"),
            "heat_methods",
            choices.methods,
            lambda name: _(CATALOGUE[name].title),
        )
    elif choices.view == "layers":
        shapes = {x.name: x.output_shape for x in card.spatial_layers}
        _several(
            _("Layers"),
            list(shapes)[::-1],
            "heat_layers",
            choices.layers,
            lambda name: _layer_text(name, shapes[name]),
            most=heatmap_choices.MOST_LAYERS + 2,
        )


def colours(choices: Choices) -> None:
    """Opacity, and which scale the colours have."""
    left, right = st.columns(2, gap="medium")
    with left:
        key = "choice-opacity"
        st.session_state[key] = round(choices.opacity * 100)
        st.slider(
            _("Opacity"),
            10,
            100,
            step=5,
            format="%d %%",
            key=key,
            on_change=lambda: address.choose("opacity", str(st.session_state[key])),
        )
    if choices.view == "methods":  # they measure different things
        right.caption(_("Methods measure different things, so each has a scale of its own."))
        return
    with right:
        words = {"each": _("its own"), "shared": _("the same for all")}
        address.widget(
            st.segmented_control,
            _("Scale of each heatmap"),
            list(words),
            "scale",
            "each",
            format_func=words.__getitem__,
            help=_(
                "On its own scale, the strongest colour is the strongest place of that heatmap. On "
                "the same scale, heatmaps can be compared: a pale one found little."
            ),
        )


def _order(card: Card, ranked: Sequence[int]) -> list[int]:
    """All classes, those with the most votes first."""
    return [*ranked, *(i for i in range(len(card.class_names)) if i not in set(ranked))]


def _class_text(card: Card) -> Callable[[int], str]:
    return distinct(range(len(card.class_names)), lambda i: _(card.class_names[i]))


def _classes(card: Card, choices: Choices, order: Sequence[int]) -> None:
    key = "choice-classes"
    st.session_state[key] = list(choices.classes)
    st.multiselect(
        _("Classes"),
        order,
        key=key,
        format_func=_class_text(card),
        max_selections=MOST_CLASSES,
        on_change=lambda: heatmap_choices.choose_classes(st.session_state[key]),
        placeholder=_("Those with the most votes"),
        help=_("Choose up to four; empty it for those with the most votes."),
    )


def _one_class(card: Card, choices: Choices, order: Sequence[int]) -> None:
    key = "choice-class-one"
    st.session_state[key] = choices.classes[0]
    st.selectbox(
        _("Class"),
        [i for i in order if i != choices.against],
        key=key,
        format_func=_class_text(card),
        on_change=lambda: heatmap_choices.choose_classes([st.session_state[key]]),
    )


def _against(card: Card, choices: Choices, order: Sequence[int]) -> None:
    key = "choice-against"
    st.session_state[key] = choices.against

    def changed() -> None:
        picked = st.session_state[key]
        address.choose("against", None if picked is None else str(picked))

    st.selectbox(
        _("Rather than"),
        [i for i in order if i not in choices.classes or len(choices.classes) > 1],
        index=None,
        key=key,
        format_func=_class_text(card),
        on_change=changed,
        placeholder=_("no other class"),
        help=_(
            "Asks why the network chose the one class rather than the other: red spoke for the "
            "one, blue for the other."
        ),
    )


def _layer(card: Card) -> None:
    shapes = {x.name: x.output_shape for x in card.spatial_layers}
    address.widget(
        st.selectbox,
        _("Layer"),
        list(shapes),
        "heat_layer",
        card.heatmap_layer or "",
        format_func=lambda name: _layer_text(name, shapes[name]),
        help=_(
            "Late layers know what things are and see coarsely; early layers see finely and "
            "know only edges and colours."
        ),
    )


def _layer_text(name: str, shape: Sequence[int]) -> str:
    return f"{name} · {shape[0]} × {shape[1]}"


def _several(
    label: str,
    options: list[str],
    name: str,
    shown: Sequence[str],
    text: object,
    most: int | None = None,
) -> None:
    key = f"choice-{name}"
    st.session_state[key] = list(shown)
    st.multiselect(
        label,
        options,
        key=key,
        format_func=text,
        max_selections=most,
        on_change=lambda: heatmap_choices.choose_several(name, st.session_state[key]),
        help=_("Empty it for the usual ones."),
    )
