"""Choose the network that another one builds on, and how much of it learns on."""

from __future__ import annotations

from functools import lru_cache
from html import escape

import numpy as np
import streamlit as st

from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import CnnvizError
from cnnviz.figures.colours import accent
from cnnviz.models import store
from cnnviz.models.architectures import get_architecture
from cnnviz.models.cards import Card
from cnnviz.models.references import ModelReference
from cnnviz.ui import address, training_fields
from cnnviz.ui.language import _, n_
from cnnviz.ui.model_cards import facts
from cnnviz.ui.pictures import is_dark
from cnnviz.ui.sentences import in_words
from cnnviz.ui.training_address import ReadableParameter, parameter_name, plain_text

_PARAMETERS = {p.name: p for p in get_architecture("transfer").parameters}
_MANY = 200_000_000  # operations for one image; above, a few thousand images take minutes
_LOOKED_AT = 32  # images whose border tells whether they are dark on light
_RATES = [f"{n / 10:g}" for n in range(9)]


def draw(owner: str, dataset: str, input_shape: tuple[int, int, int]) -> dict | None:
    """Show what the network builds on and what of it learns.

    Args:
        owner: whose models are offered, besides the shipped ones.
        dataset: what the network shall learn from.
        input_shape: (h, w, c) of its images.

    Returns:
        The settings of the architecture ``transfer``; None when the model is not there (any more),
        which is said.
    """
    with st.container(border=True):
        chosen = _base(owner)
        if chosen is None:
            return None
        base, card = chosen
        invert = "yes" if card.polarity == "light_on_dark" and _dark_on_light(dataset) else "no"
        for remark in _remarks(card, dataset, input_shape, invert == "yes"):
            st.markdown(remark)
        most = learnable(card)
        picture = st.container()
        first, second, third = st.columns(3)
        with first:
            unfreeze = _whole("unfreeze", most)
        with second:
            frozen = _whole("frozen_epochs", 1000) if unfreeze else int(_current("frozen_epochs"))
        with third:
            dropout = _dropout()
        with picture:
            _picture(most, unfreeze, frozen)
    return {
        "base": base,
        "invert": invert,
        "frozen_epochs": frozen,
        "unfreeze": unfreeze,
        "dropout": dropout,
    }


def learnable(card: Card) -> int:
    """How many layers below the head could learn on; batch normalisation always rests."""
    names = [layer.name for layer in card.layers]
    below = card.layers[: names.index(card.feature_layer) + 1]
    return sum(layer.parameters > 0 and layer.kind != "BatchNormalization" for layer in below)


def _current(name: str) -> str:
    """What the address says of a setting; the usual value where that makes no sense."""
    parameter = _PARAMETERS[name]
    usual = plain_text(parameter.default)
    return address.value(parameter_name(name), usual, ReadableParameter(parameter))


def _base(owner: str) -> tuple[str, Card] | None:
    """The model to build on, with its card."""
    cards = {e.reference: e.card for e in store.list_models(owner) if e.card.feature_layer}
    current = str(ModelReference.parse(_current("base")))
    if current not in cards:
        try:  # a link may name somebody else's
            cards[current] = ModelReference.parse(current).card
        except CnnvizError as error:
            problem = error
    training_fields.pick(
        st.selectbox,
        _(_PARAMETERS["base"].title),
        list(cards) if current in cards else [current, *cards],
        parameter_name("base"),
        current,
        str(_PARAMETERS["base"].default),
        format_func=lambda name: _title(name, cards),
        help=_(_PARAMETERS["base"].help),
    )
    if current not in cards:
        st.warning(in_words(problem))
        return None
    card = cards[current]
    if not card.feature_layer:
        st.warning(_("This model has no layer that another network could build on."))
        return None
    if card.story:
        st.markdown(_(card.story))
    st.caption(facts(card))
    return current, card


def _title(reference: str, cards: dict[str, Card]) -> str:
    if reference not in cards:
        return _("a model that is gone")
    return _(cards[reference].title)


def _remarks(
    card: Card, dataset: str, input_shape: tuple[int, int, int], inverted: bool
) -> list[str]:
    """What a person should know before starting with this base."""
    found = []
    if card.dataset == dataset:
        found.append(
            _(
                "It has learnt from these very images already. To see what it can pass on, choose "
                "other data or another model."
            )
        )
    if tuple(card.input_shape) != tuple(input_shape):
        found.append(
            _("Your images are {own}; they are brought to {wanted} for it.").format(
                own=_size(input_shape), wanted=_size(card.input_shape)
            )
        )
    if inverted:
        found.append(
            _("It knows light signs on a dark ground, so your images are inverted for it.")
        )
    if card.flops > _MANY:
        found.append(
            _(
                "It is large: {count} million operations for one image. Begin with 1,000 training "
                "images; that is often enough here."
            ).format(count=f"{card.flops / 1e6:,.0f}")
        )
    return found


def _size(shape: tuple[int, int, int]) -> str:
    text = (
        _("{width} × {height} pixels, colour")
        if shape[2] == 3
        else _("{width} × {height} pixels, grey")
    )
    return text.format(width=shape[1], height=shape[0])


def _picture(layers: int, unfreeze: int, frozen: int) -> None:
    """Which layers rest and which learn, and a sentence that says when."""
    if unfreeze:
        sentence = n_(
            "In the first epoch only the new layer learns; then the filled ones join in, at a "
            "tenth of the learning rate.",
            "In the first {count} epochs only the new layer learns; then the filled ones join in, "
            "at a tenth of the learning rate.",
            frozen,
        )
        if not frozen:
            sentence = _("The filled layers learn from the start, at a tenth of the learning rate.")
    else:
        sentence = _("Only the new layer learns: quick, and enough where the images are alike.")
    st.html(_bars(layers, unfreeze, sentence))
    st.caption(sentence)


def _bars(layers: int, learning: int, label: str) -> str:
    """One bar a layer, from the image on the left: hollow ones rest, filled ones learn."""
    colour = accent(is_dark())
    base = f"height:56px;border-radius:3px;border:1.5px solid {colour};min-width:0;"
    hollow = f'<div style="{base}flex:1;opacity:.55"></div>'
    filled = f'<div style="{base}flex:1;background:{colour}"></div>'
    gap = "2px" if layers > 30 else "5px"
    parts = [
        (layers - learning, hollow, _("rest")),
        (learning, filled, _("learn on")),
    ]
    drawn = "".join(
        f'<div style="flex:{count};min-width:4.5rem"><div style="display:flex;gap:{gap}">'
        f"{bar * count}</div>{word}</div>"
        for count, bar, word in parts
        if count
    )
    last = _("new: learns your classes")
    new = (
        f'<div style="flex:none;margin-left:12px;max-width:6.5rem"><div style="{base}width:26px;'
        f'background:{colour}"></div>{last}</div>'
    )
    return (
        f'<div role="img" aria-label="{escape(label, quote=True)}" '
        f'style="display:flex;gap:{gap};line-height:1.3">{drawn}{new}</div>'
    )


def _whole(name: str, most: int) -> int:
    parameter = _PARAMETERS[name]
    current = min(int(_current(name)), most)
    training_fields.whole(
        _(parameter.title),
        parameter_name(name),
        current,
        int(parameter.default),
        int(parameter.minimum),
        most,
        _(parameter.help),
    )
    return current


def _dropout() -> float:
    parameter = _PARAMETERS["dropout"]
    current = float(_current("dropout"))
    training_fields.slider(
        _(parameter.title),
        parameter_name("dropout"),
        plain_text(current),
        plain_text(parameter.default),
        _RATES,
        _(parameter.help),
    )
    return current


@lru_cache(maxsize=32)
def _dark_on_light(dataset: str) -> bool:
    """Whether most images of a data set have a light border."""
    images = load_dataset(dataset, "val").images[:_LOOKED_AT]
    sides = [images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]]
    borders = np.concatenate([side.reshape(len(images), -1) for side in sides], axis=1)
    return bool(np.mean(np.median(borders, axis=1) > 127) > 0.5)
