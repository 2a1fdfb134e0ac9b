"""What a person can choose on the page of heatmaps; every choice is kept in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import streamlit as st

from cnnviz.compute import defaults
from cnnviz.explanation.catalogue import CATALOGUE, Method
from cnnviz.models.cards import Card
from cnnviz.ui import address

VIEWS = ("classes", "methods", "layers", "patch")
MOST_CLASSES = 4
MOST_LAYERS = 6
# One pass through the network gives all of these.
TOGETHER = ("grad_cam", "grad_cam_pp", "hires_cam", "layer_cam", "xgrad_cam")


@dataclass(frozen=True)
class Choices:
    """What is to be shown.

    ``view`` is one of ``VIEWS``; ``method`` the one of the views for classes and layers,
    ``methods`` those side by side. ``classes`` are the chosen ones, best first where ``ranked``
    stood in; ``against`` is never among them. ``layer`` None is the usual one. ``opacity`` is a
    share; ``shared`` whether all pictures have one scale.
    """

    view: str
    method: Method
    methods: tuple[str, ...]
    classes: tuple[int, ...]
    chosen: bool
    against: int | None
    layer: str | None
    layers: tuple[str, ...]
    opacity: float
    shared: bool


def read(card: Card, ranked: Sequence[int]) -> Choices:
    """The choices in the address, as far as this network allows them.

    ``ranked`` are the classes with the largest shares, largest first.
    """
    _forget_another_network(card)
    view = address.value("heat_view", "classes", valid=views(card))
    names = offered(card, view)
    method = CATALOGUE[address.value("heat_method", usual_method(card), valid=names)]
    against = _number("against", card)
    if view in ("classes", "layers") and method.class_blind:
        against = None  # it stays in the address for the next method
    classes = [c for c in numbers(address.value("classes", ""), card) if c != against]
    chosen = bool(classes)
    if not chosen:
        most = 3 if view == "classes" else 1
        if against is not None or method.cost == "long" or method.class_blind:
            most = 1
        classes = [c for c in ranked if c != against][:most]
    spatial = [layer.name for layer in card.spatial_layers]
    layer = address.value("heat_layer", card.heatmap_layer or "", valid=spatial)
    return Choices(
        view=view,
        method=method,
        methods=_listed("heat_methods", offered(card, "methods"), together(card, method)),
        classes=tuple(classes[: MOST_CLASSES if view == "classes" else 1]),
        chosen=chosen,
        against=against,
        layer=None if layer in ("", card.heatmap_layer) else layer,
        layers=_listed("heat_layers", spatial[::-1], coarse_to_fine(card))[: MOST_LAYERS + 2],
        opacity=address.number("opacity", 75, 10, 100) / 100,
        shared=address.value("scale", "each", valid=("each", "shared")) == "shared",
    )


def views(card: Card) -> tuple[str, ...]:
    """The views that a network allows: without maps there are no layers to compare."""
    return tuple(v for v in VIEWS if v != "layers" or card.heatmap_layer)


def offered(card: Card, view: str = "classes") -> list[str]:
    """The methods that a network allows in a view, in the catalogue's order."""
    return [
        method.name
        for method in CATALOGUE.values()
        if (card.heatmap_layer or not method.takes_layer)
        and (view != "layers" or method.kind == "cam")
    ]


def usual_method(card: Card) -> str:
    """The method where none was chosen: one that every network of its kind can be asked by."""
    return "grad_cam" if card.heatmap_layer else "occlusion"


def together(card: Card, method: Method) -> tuple[str, ...]:
    """The methods that stand side by side at first: those of one pass, and the one chosen."""
    usual = TOGETHER if card.heatmap_layer else ("gradient", "gradient_x_input", "occlusion")
    return usual if method.name in usual else (*usual, method.name)


def coarse_to_fine(card: Card) -> tuple[str, ...]:
    """A few layers from the usual one back to the first: the last of each resolution, where there
    are several; pooling only repeats the layer before it more coarsely."""
    shown = [layer for layer in defaults.shown_layers(card) if "Pool" not in layer.kind]
    names = [layer.name for layer in shown]
    if card.heatmap_layer in names:
        shown = shown[: names.index(card.heatmap_layer) + 1]
    elif card.heatmap_layer:
        shown.append(card.layer(card.heatmap_layer))
    last_of_size = {layer.output_shape[:2]: layer.name for layer in shown}
    chosen = list(last_of_size.values())
    if len(chosen) < 3:  # few resolutions: depth alone differs
        count = min(4, len(shown))
        chosen = [shown[round((i + 1) * len(shown) / count) - 1].name for i in range(count)]
    return tuple(dict.fromkeys(chosen[::-1]))[:MOST_LAYERS]


def numbers(text: str, card: Card) -> list[int]:
    """The classes of “281,282”, those that the network knows, each once."""
    found = [int(t) for t in text.split(",") if t.isascii() and t.isdecimal() and len(t) < 9]
    return [n for n in dict.fromkeys(found) if n < len(card.class_names)]


def choose_several(name: str, picked: Sequence[str]) -> None:
    """Keep several names in the address; none for the usual ones."""
    address.choose(name, ",".join(map(_in_a_list, picked)) or None)


def _in_a_list(name: str) -> str:
    """A layer that somebody brought may have a comma in its name."""
    return name.replace("%", "%25").replace(",", "%2C")


def choose_classes(picked: Sequence[int]) -> None:
    """Keep chosen classes in the address; none for those with the most votes."""
    address.choose("classes", ",".join(map(str, picked)) or None)


def _number(name: str, card: Card) -> int | None:
    found = numbers(address.value(name, ""), card)
    return found[0] if found else None


def _listed(name: str, known: Sequence[str], usual: Sequence[str]) -> tuple[str, ...]:
    """Several names in the address, in the order of ``known``."""
    wanted = set(map(unquote, address.value(name, "").split(",")))
    return tuple(n for n in known if n in wanted) or tuple(n for n in known if n in usual)


def _forget_another_network(card: Card) -> None:
    """The third class of another network is another class: chosen classes go with their names."""
    before = st.session_state.get("_heat_names")
    st.session_state["_heat_names"] = card.class_names
    if before is not None and before != card.class_names:
        for name in ("classes", "against"):
            if st.query_params.get(name) == st.session_state.get(f"_seen_{name}"):
                address.choose(name, None)
