"""The controls of the heatmap page: layer, classes, opacity and scale, all kept in the address."""

from __future__ import annotations

import streamlit as st

from cnnviz.datasets.image_references import Picture
from cnnviz.models.cards import Card
from cnnviz.ui import address
from cnnviz.ui.language import _

MOST_CLASSES = 4
_FEW = 20  # up to so many classes a stranger's image is likely to be none of them


def chosen_classes(card: Card) -> list[int]:
    """The classes in the address; empty for the ones that got most of the vote."""
    numbers = [int(t) for t in address.value("classes", "").split(",") if t.isdecimal()]
    known = [n for n in dict.fromkeys(numbers) if n < len(card.class_names)]
    return known[:MOST_CLASSES]


def chosen_layer(card: Card) -> str | None:
    """The layer in the address; None for the usual one.

    Its name is not the ``layer`` of other pages: whoever comes from the feature maps of an early
    layer still wants the heatmap of the last one.
    """
    options = [layer.name for layer in card.spatial_layers]
    found = address.value("heat_layer", card.heatmap_layer or "", valid=options)
    return None if found == card.heatmap_layer else found


def opacity() -> float:
    return address.number("opacity", 75, 10, 100) / 100


def shared_scale() -> bool:
    return address.value("scale", "each", valid=("each", "shared")) == "shared"


def controls(card: Card, shown: list[int]) -> None:
    """Draw the controls; ``shown`` are the classes whose heatmaps are on the page."""
    left, right = st.columns(2)
    with left:
        _classes(card, shown)
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
    with right:
        layers = card.spatial_layers
        shapes = {x.name: x.output_shape for x in layers}
        address.widget(
            st.selectbox,
            _("Layer"),
            list(shapes),
            "heat_layer",
            card.heatmap_layer or "",
            format_func=lambda name: f"{name} · {shapes[name][0]} × {shapes[name][1]}",
            help=_(
                "Late layers know what things are and see coarsely; early layers see finely and "
                "know only edges and colours."
            ),
        )
        key = "choice-opacity"
        st.session_state[key] = round(opacity() * 100)
        st.slider(
            _("Opacity"),
            10,
            100,
            step=5,
            format="%d %%",
            key=key,
            on_change=lambda: address.choose("opacity", str(st.session_state[key])),
        )


def _classes(card: Card, shown: list[int]) -> None:
    key = "choice-classes"
    st.session_state[key] = shown[:MOST_CLASSES]

    def changed() -> None:
        picked = st.session_state[key]
        address.choose("classes", ",".join(map(str, picked)) or None)

    st.multiselect(
        _("Classes"),
        range(len(card.class_names)),
        key=key,
        format_func=lambda i: _(card.class_names[i]),
        max_selections=MOST_CLASSES,
        on_change=changed,
        placeholder=_("Those with the most votes"),
        help=_("Choose up to four; empty it for those with the most votes."),
    )


def warning_of(picture: Picture, card: Card) -> str | None:
    """What to know before believing an answer about an image that is none of the model's own."""
    count = len(card.class_names)
    if count > _FEW or (card.dataset and picture.reference.startswith(f"data:{card.dataset}/")):
        return None
    if card.dataset == "mnist":
        return _("This network only knows ten digits and must choose one of them.")
    return _(
        "This network only knows {count} classes ({names}) and must choose one of them."
    ).format(count=count, names=_(", ").join(_(name) for name in card.class_names))
