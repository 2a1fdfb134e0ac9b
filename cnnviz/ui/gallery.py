"""A gallery of answers: each image beside the heat that spoke for what the network called it."""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnnviz import images
from cnnviz.datasets.image_references import open_image
from cnnviz.evaluation.results import Evaluation
from cnnviz.figures import overlays
from cnnviz.figures.tiles import Sprite, image_sprite
from cnnviz.ui.components.grid import grid
from cnnviz.ui.language import _
from cnnviz.ui.many import Labelled
from cnnviz.ui.questions import ask
from cnnviz.ui.vote_words import share_in_words

PER_PAGE = 24
_PAGE = "page"  # in the address and in this session's state
_SIDE = 112
_GAP = 4


def gallery(
    labelled: Labelled,
    found: Evaluation,
    positions: np.ndarray,
    *,
    key: str,
    selected: int | None = None,
) -> int | None:
    """Draw the images at ``positions`` of the evaluation; returns the clicked image's index.

    ``selected`` is the index of the open image, which is framed.
    """
    place, part = paged(len(positions), PER_PAGE)
    shown = positions[part]
    names = labelled.class_names
    captions = [
        _("{true} → {called}\n{share}").format(
            true=names[found.labels[p]],
            called=names[found.predicted[p]],
            share=share_in_words(labelled.opened.card, float(found.confidence[p])),
        )
        for p in shown
    ]
    framed = np.flatnonzero(found.indices[shown] == selected) if selected is not None else []
    with place:
        clicked = grid(
            _pairs(labelled, found, shown),
            key=f"{key}-grid",
            side=2 * _SIDE + _GAP,
            captions=captions,
            selected=int(framed[0]) if len(framed) else None,
            label=_("Images with what the network called them"),
        )
    return None if clicked is None else int(found.indices[shown[clicked]])


def paged(count: int, per_page: int) -> tuple[DeltaGenerator, slice]:
    """Where to draw, and which of ``count`` things: the pages' numbers stand below them."""
    pages = -(-count // per_page)
    place = st.container()
    page = 1
    if pages > 1:
        if st.session_state.get(_PAGE, 1) > pages:  # fewer images were asked for since
            del st.session_state[_PAGE]
        page = st.pagination(pages, key=_PAGE, bind="query-params")
    return place, slice((page - 1) * per_page, page * per_page)


def turn_to(position: int, per_page: int) -> None:
    """Turn to the page on which one of the things is; before the page is drawn."""
    st.session_state[_PAGE] = position // per_page + 1


def _pairs(labelled: Labelled, found: Evaluation, shown: np.ndarray) -> Sprite:
    """Images with their overlays side by side, each (side, 2·side + gap)."""
    card = labelled.opened.card
    references = tuple(labelled.reference(int(i)) for i in found.indices[shown])
    heats = None
    if card.heatmap_layer:
        heats = ask(
            "gallery_heatmaps",
            model=labelled.opened.reference,
            images=list(references),
            targets=[int(found.predicted[p]) for p in shown],
        )["maps"]
    return _sprite(references, heats, card.input_shape[:2], card.fit)


@st.cache_data(max_entries=32, show_spinner=False)
def _sprite(
    references: tuple[str, ...],
    heats: np.ndarray | None,
    size: tuple[int, int],
    fit: str,
) -> Sprite:
    tiles = []
    for place, reference in enumerate(references):
        photo = open_image(reference).image
        left = _square(overlays.enlarged(photo, _SIDE))
        right = left
        if heats is not None:
            placed = images.place_back(heats[place], photo.shape, size, fit)
            right = _square(overlays.overlay(photo, placed, smallest_side=_SIDE).image)
        gap = np.full((_SIDE, _GAP, 3), 255, np.uint8)
        tiles.append(np.concatenate([left, gap, right], axis=1))
    return image_sprite(np.stack(tiles))


def _square(image: np.ndarray) -> np.ndarray:
    return images.fit(image, (_SIDE, _SIDE), 3, "pad")
