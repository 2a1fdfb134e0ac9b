"""A gallery of answers: each image beside the heat that spoke for what the network called it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.datasets.image_references import open_image
from cnnviz.evaluation.results import Evaluation
from cnnviz.figures import overlays
from cnnviz.figures.tiles import image_sprite
from cnnviz.ui.components.grid import grid
from cnnviz.ui.language import _
from cnnviz.ui.many import Labelled
from cnnviz.ui.questions import ask
from cnnviz.ui.vote_words import share_in_words

PER_PAGE = 24
_SIDE = 112
_GAP = 4


def gallery(
    labelled: Labelled, found: Evaluation, positions: np.ndarray, *, key: str
) -> int | None:
    """Draw the images at ``positions`` of the evaluation; returns the clicked image's index."""
    pages = -(-len(positions) // PER_PAGE)
    place = st.container()  # the images; the pages' numbers stand below them
    page = 1
    if pages > 1:
        if st.session_state.get("page", 1) > pages:  # fewer images were asked for since
            del st.session_state["page"]
        page = st.pagination(pages, key="page", bind="query-params")
    shown = positions[(page - 1) * PER_PAGE : page * PER_PAGE]
    pairs = _pairs(labelled, found, shown)
    names = labelled.class_names
    captions = [
        _("{true} → {called}\n{share}").format(
            true=names[found.labels[p]],
            called=names[found.predicted[p]],
            share=share_in_words(labelled.opened.card, float(found.confidence[p])),
        )
        for p in shown
    ]
    with place:
        clicked = grid(
            image_sprite(pairs),
            key=f"{key}-grid",
            side=2 * _SIDE + _GAP,
            captions=captions,
            label=_("Images with what the network called them"),
        )
    return None if clicked is None else int(found.indices[shown[clicked]])


def _pairs(labelled: Labelled, found: Evaluation, shown: np.ndarray) -> np.ndarray:
    """Image and overlay side by side, (k, side, 2·side + gap, 3)."""
    card = labelled.opened.card
    references = [labelled.reference(int(i)) for i in found.indices[shown]]
    photos = [open_image(r).image for r in references]
    tiles = []
    heats = [None] * len(photos)
    if card.heatmap_layer:
        heats = ask(
            "gallery_heatmaps",
            model=labelled.opened.reference,
            images=references,
            targets=[int(found.predicted[p]) for p in shown],
        )["maps"]
    for photo, heat in zip(photos, heats, strict=True):
        left = _square(overlays.enlarged(photo, _SIDE))
        right = left
        if heat is not None:
            placed = images.place_back(heat, photo.shape, card.input_shape[:2], card.fit)
            right = _square(overlays.overlay(photo, placed, smallest_side=_SIDE).image)
        gap = np.full((_SIDE, _GAP, 3), 255, np.uint8)
        tiles.append(np.concatenate([left, gap, right], axis=1))
    return np.stack(tiles)


def _square(image: np.ndarray) -> np.ndarray:
    return images.fit(image, (_SIDE, _SIDE), 3, "pad")
