"""Where the chosen image lands on the map, and which images are its neighbours there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.datasets.image_references import Picture, open_image
from cnnviz.embedding.placing import landing
from cnnviz.figures.tiles import image_sprite
from cnnviz.ui import address, image_box
from cnnviz.ui.answer_later import when_answered
from cnnviz.ui.components.grid import grid
from cnnviz.ui.language import _, percent
from cnnviz.ui.many import Labelled
from cnnviz.ui.plain_text import plain
from cnnviz.ui.space_choices import Choices
from cnnviz.ui.space_map import counts_in_words

SHOWN = 8  # neighbours
_SIDE = 84
_STRANGE = 0.95  # from this share of images that have a nearer neighbour on, it is unlike all


@dataclass(frozen=True)
class Landed:
    """``star`` (x, y, name) and ``links``, the nearest points on the map, as ``scatter`` takes
    them; ``found`` is the answer of ``place_image``."""

    star: tuple[float, float, str]
    links: np.ndarray
    found: dict


def ask(labelled: Labelled, choices: Choices, picture: Picture) -> dict | None:
    """The neighbours of an image where they are known already, else None: then progress stands
    here, and the page is drawn again when they are."""
    known: list[dict] = []
    when_answered(
        known.append,
        "place_image",
        key="landing",
        waiting=_("Your image finds its place …"),
        image=picture.reference,
        **labelled.asked,
        **choices.images,
    )
    return known[0] if known else None


def landed(answer: dict, found: dict, picture: Picture) -> Landed:
    """The place of an image on a map, whichever way the map was made.

    Args:
        answer: of ``embedding``; found: of ``place_image`` with the same images and features.
        picture: the image.
    """
    points = np.asarray(answer["points"], np.float64)
    if found["inside"] is not None:
        place = points[found["inside"]]
    elif "axes" in answer:  # a straight projection has a formula
        place = answer["axes"].astype(np.float64) @ (found["features"] - answer["centre"])
    else:
        place = landing(points, found["nearest"][: found["placed_by"]])
    star = (float(place[0]), float(place[1]), _name(picture))
    return Landed(star, found["nearest"][:SHOWN], found)


def draw(labelled: Labelled, answer: dict, place: Landed, picture: Picture) -> None:
    """In words and pictures: its eight nearest images in feature space, each leads to its view."""
    labels = answer["labels"][place.links]
    names = labelled.class_names
    st.markdown(sentence(place, labels, names))
    indices = answer["indices"][place.links]
    tiles = [
        images.fit(open_image(labelled.reference(int(i))).image, (_SIDE, _SIDE), 3, "pad")
        for i in indices
    ]
    called = answer["predicted"][place.links]
    captions = [
        names[a]
        if a == b
        else _("{true},\ncalled {predicted}").format(true=names[a], predicted=names[b])
        for a, b in zip(labels, called, strict=True)
    ]
    with st.container(key="landing-row"):
        clicked = grid(
            image_sprite(np.stack(tiles)),
            key="landing-neighbours",
            side=_SIDE,
            captions=captions,
            label=_("The nearest images"),
        )
    if clicked is not None:
        address.choose("at", str(int(indices[clicked])))
        st.rerun()


def sentence(place: Landed, labels: np.ndarray, names: list[str]) -> str:
    """What the neighbours say about the image, for ``labels`` (k,) of the nearest."""
    classes, counts = np.unique(labels, return_counts=True)
    name, first = plain(place.star[2]), plain(names[classes[counts.argmax()]])
    if len(classes) == 1:
        said = _("**The star is “{image}”:** its {count} nearest images are all “{name}”.").format(
            image=name, count=len(labels), name=first
        )
    else:
        said = _("**The star is “{image}”:** its {count} nearest images are {classes}.").format(
            image=name, count=len(labels), classes=plain(counts_in_words(labels, names))
        )
    said += " " + _("Lines lead to them.")
    if place.found["inside"] is not None:
        return said + " " + _("It is one of the images of the map.")
    if place.found["farther_than"] >= _STRANGE:
        said += " " + _(
            "But {share} of the images on the map have a nearer neighbour than it has: to this "
            "layer it is unlike all of them, so its place tells little."
        ).format(share=percent(place.found["farther_than"]))
    return said


def change_button(labelled: Labelled) -> None:
    """Upload, draw, photograph or choose another image to place."""
    if st.button(
        _("Place another image"), key="place-another", icon=":material/add_photo_alternate:"
    ):
        image_box.open_dialog(labelled.opened)


def _name(picture: Picture) -> str:
    if picture.label and picture.reference.startswith("data:"):
        return f"{_(picture.title)} · {_(picture.label)}"
    return _(picture.title)
