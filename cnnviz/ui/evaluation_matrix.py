"""The confusion matrix with its controls; a click anywhere in it opens exactly those images."""

from __future__ import annotations

import streamlit as st

from cnnviz.evaluation.measuring import Measures
from cnnviz.evaluation.results import Evaluation
from cnnviz.evaluation.story import tell
from cnnviz.ui import address
from cnnviz.ui.components.large_matrix import large_matrix
from cnnviz.ui.components.matrix import matrix
from cnnviz.ui.language import _, images_forms, n_, percent
from cnnviz.ui.many import Labelled
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask

MOST_CELLS = 30  # classes whose matrix is drawn cell by cell, with all numbers to be read
_PAIRS = 12
_ABOUT = ("true", "called", "at", "show", "cause")


def open_mistakes(true: int | None = None, called: int | None = None, **more: str) -> None:
    """The Mistakes page with the images of one cell, of a class, or of all mistakes.

    ``more`` are further choices of that page; what was chosen there before is forgotten.
    """
    for name in _ABOUT:
        address.choose(name, more.get(name))
    if true is not None:
        address.choose("true", str(true))
    if called is not None:
        address.choose("called", str(called))
    st.switch_page("pages/mistakes.py")


def measured(labelled: Labelled) -> Measures:
    """What needs all shares of the vote: curves, calibration, the order of alike classes."""
    waiting = _("The network looks at every image …")
    return Measures.from_message(ask("measures", waiting=waiting, **labelled.asked))


def draw(labelled: Labelled, found: Evaluation) -> None:
    """The matrix; of many classes the most confused pairs stand before it."""
    names = labelled.class_names
    many = len(names) > MOST_CELLS
    if many:
        pairs(found, names)
    picture = st.container()  # the picture first, its controls after
    shares, alike = _controls()
    error, right = _sentences(shares)
    settings = {
        "key": "confusion",
        "error_sentence": error,
        "right_sentence": right,
        "images": images_forms(),
        "true_title": _("is"),
        "predicted_title": _("called"),
        "shares": shares,
        "order": measured(labelled).order if alike else None,
        "percent": percent(0.01).replace("1", "{number}"),
    }
    with picture:
        if many:
            clicked = large_matrix(
                found.confusion,
                names,
                hint=_("Point near a dot to read it, click it to see its images."),
                words={
                    "open": _("See these images"),
                    "closer": _("Closer"),
                    "farther": _("Farther"),
                    "whole": _("The whole table"),
                    "label": _(
                        "Which class was called which. The arrow keys go through the mix-ups."
                    ),
                },
                **settings,
            )
        else:
            hint = _("Point at a cell to read it, click it to see its images.")
            clicked = matrix(found.confusion, names, hint=hint, **settings)
    if clicked is not None:
        open_mistakes(*clicked)


def pairs(found: Evaluation, names: list[str]) -> None:
    """The commonest mix-ups as a list, each a way to its images."""
    mix_ups = tell(found.confusion, _PAIRS).mix_ups
    if not mix_ups:
        return
    st.markdown(_("**Most often mixed up** (is → called). Click a pair to see its images."))
    with st.container(key="pairs", gap=None):
        for place, one in enumerate(mix_ups):
            words = _("“{true}” → “{called}”: {images}, {share} of them all").format(
                true=plain(names[one.true]),
                called=plain(names[one.called]),
                images=n_("{count} image", "{count} images", one.count),
                share=percent(one.share),
            )
            if st.button(words, key=f"pair-{place}", type="tertiary"):
                open_mistakes(one.true, one.called)


def _controls() -> tuple[str, bool]:
    shares = {
        "count": _("Numbers of images"),
        "row": _("Share of the row"),
        "column": _("Share of the column"),
    }
    orders = {"given": _("As they are"), "alike": _("Mixed-up ones together")}
    with st.container(horizontal=True, vertical_alignment="bottom", key="matrix-controls"):
        chosen = address.widget(
            st.segmented_control,
            _("In the cells"),
            list(shares),
            "cells",
            "count",
            format_func=shares.__getitem__,
            help=_(
                "A row holds all images of a class: its shares say where they went (on the "
                "diagonal: recall). A column holds everything that was called so: its shares say "
                "what it really was (on the diagonal: precision)."
            ),
            wrap=True,
        )
        order = address.widget(
            st.segmented_control,
            _("Order of the classes"),
            list(orders),
            "arrange",
            "given",
            format_func=orders.__getitem__,
            help=_(
                "Hierarchical clustering puts classes that the network mixes up next to each "
                "other, so that groups of them show as blocks around the diagonal."
            ),
            wrap=True,
        )
    return chosen, order == "alike"


def _sentences(shares: str) -> tuple[str, str]:
    """What a cell says: of a mix-up, and on the diagonal."""
    if shares == "column":
        return (
            _("Of all that was called “{predicted}”, {share} was “{true}” ({images})."),
            _("Of all that was called “{true}”, {share} was right ({images})."),
        )
    if shares == "row":
        return (
            _("{share} of the images of “{true}” were called “{predicted}” ({images})."),
            _("{share} of the images of “{true}” were recognised ({images})."),
        )
    return (
        _("{images} of “{true}” called “{predicted}”."),
        _("{images} of “{true}” recognised."),
    )
