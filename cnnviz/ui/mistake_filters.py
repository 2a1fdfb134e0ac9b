"""The controls above the list of mistakes; all of them live in the address."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnnviz.evaluation.results import Evaluation
from cnnviz.ui import address
from cnnviz.ui.language import _, n_
from cnnviz.ui.many import Labelled
from cnnviz.ui.mistake_list import (
    ALL,
    BY_CAUSE,
    KINDS,
    MARKED,
    MISTAKES,
    SORTS,
    STRENGTH,
    chosen,
    ordered,
)

ANY = "any"
_BACKWARDS = "backwards"


@dataclass(frozen=True)
class Listing:
    """``positions`` in the evaluation, in order; ``sentence`` says in Markdown what they are, or
    why there are none."""

    positions: np.ndarray
    sort: str
    sentence: str


def listing(
    labelled: Labelled,
    found: Evaluation,
    *,
    row: DeltaGenerator,
    marked: set[int],
    cause: np.ndarray | None = None,
    group: np.ndarray | None = None,
) -> Listing:
    """Draw the controls and give the list that they ask for.

    Args:
        row: where the choice between mistakes, marked and all images goes.
        marked: indices of the images that this person marked or noted.
        cause: positions of the images with the chosen cause, the strongest first.
        group: positions of the images that a comparison of two models opened; they are listed
            whether right or wrong.
    """
    names = labelled.class_names
    classes = [str(i) for i in range(len(names))]
    sorts = {**({} if cause is None else {BY_CAUSE: STRENGTH}), **SORTS}
    with st.container(horizontal=True, vertical_alignment="bottom", key="mistake-filters"):
        true, called = (
            address.widget(
                st.selectbox,
                label,
                [ANY, *classes],
                key,
                ANY,
                format_func=lambda c: _("anything") if c == ANY else names[int(c)],
                width=190,
            )
            for label, key in ((_("It is"), "true"), (_("It was called"), "called"))
        )
        backwards = address.value("order", "", valid=(_BACKWARDS,)) == _BACKWARDS
        sort = address.widget(
            st.selectbox,
            _("Order"),
            list(sorts),
            "sort",
            next(iter(sorts)),
            format_func=lambda s: _(sorts[s].backwards if backwards else sorts[s].title),
            width=250,
        )
        st.button(
            _("Reverse"),
            key="reverse-order",
            icon=":material/swap_vert:",
            help=_("The same order from its other end"),
            on_click=lambda: address.choose("order", None if backwards else _BACKWARDS),
        )
    kind = ALL
    if group is None:
        with row:
            kind = address.widget(
                st.segmented_control,
                _("Images"),
                list(KINDS),
                "show",
                MISTAKES,
                format_func=lambda k: _kind_title(k, len(marked)),
                label_visibility="collapsed",
            )
    both = [None if value == ANY else int(value) for value in (true, called)]
    within = cause
    if group is not None:
        within = group if cause is None else cause[np.isin(cause, group)]
    positions = chosen(found, kind=kind, true=both[0], called=both[1], marked=marked, within=within)
    positions = ordered(found, positions, sort, backwards)
    plain = true == called == ANY and cause is None and group is None
    return Listing(positions, sort, _sentence(found, positions, kind, plain))


def _kind_title(kind: str, marked: int) -> str:
    if kind == MARKED and marked:
        return _("Marked ({count})").format(count=f"{marked:,}")
    return _(KINDS[kind])


def _sentence(found: Evaluation, positions: np.ndarray, kind: str, plain: bool) -> str:
    count = len(positions)
    if not count and kind == MARKED:
        return _("No image of these is marked. Open one and press M, or write a note about it.")
    if not count:
        return _("There is no such image: it made no mistake of this kind.")
    number = n_("**{count} image**", "**{count} images**", count)
    if kind == MISTAKES and plain:
        return _("Called something else: {images} of {all}.").format(
            images=number, all=f"{len(found):,}"
        )
    wrong = int((found.predicted != found.labels)[positions].sum())
    if wrong == count:
        return number
    if wrong == 0:
        return n_("**{count} image**, recognised.", "**{count} images**, all recognised.", count)
    return _("{images}, among them called something else: {wrong}.").format(
        images=number, wrong=f"{wrong:,}"
    )
