"""The listed images, as a contact sheet or with their heat, and the open one with its steps."""

from __future__ import annotations

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnnviz.evaluation.results import Evaluation
from cnnviz.texts import N_
from cnnviz.ui import address
from cnnviz.ui.components.stepper import stepper
from cnnviz.ui.gallery import PER_PAGE, gallery, paged, turn_to
from cnnviz.ui.language import _
from cnnviz.ui.many import Labelled
from cnnviz.ui.mistake_marks import toggle_mark
from cnnviz.ui.mistake_sheet import PER_SHEET, contact_sheet

_SHEET, _SMALL, _HEAT = "sheet", "small", "heat"
_VIEWS = {_SMALL: N_("Small"), _SHEET: N_("Large"), _HEAT: N_("With heat")}
_SIDES = {_SMALL: 44, _SHEET: 76}  # of a tile; small ones have no names under them


def opened(found: Evaluation) -> int | None:
    """The index of the image that the address opens; None where there is no such image."""
    at = address.value("at", "")
    index = int(at) if at.isascii() and at.isdecimal() and len(at) < 10 else -1
    return index if index in found.indices else None


def panel_of(
    labelled: Labelled, found: Evaluation, positions: np.ndarray, index: int
) -> DeltaGenerator:
    """A place for the open image, with ways to the next one of the list and to close it.

    The image itself goes in there last: what it asks of the network must not keep the list waiting.
    """
    indices = found.indices[positions]

    def step(wanted: int) -> None:
        address.choose("at", str(wanted))
        turn_to(int(np.flatnonzero(indices == wanted)[0]), _per_page(len(indices)))

    panel = st.container(border=True, key="mistake")
    with panel:
        stepper(
            indices,
            index,
            key="mistake-steps",
            on_step=step,
            on_close=lambda: address.choose("at", None),
            on_mark=lambda marked: toggle_mark(labelled, marked),
            previous=_("Previous"),
            following=_("Next"),
            close=_("Close"),
            place=_("{n} of {count}"),
            outside=_("not in this list"),
            keys=_("Keys: ← → step, M marks, Esc closes"),
        )
    return panel


def view_control(count: int) -> str:
    """How the list of ``count`` images is shown: as a contact sheet or with heat."""
    return address.widget(
        st.segmented_control,
        _("Show as"),
        list(_VIEWS),
        "view",
        _usual(count),
        format_func=lambda view: _(_VIEWS[view]),
        label_visibility="collapsed",
    )


def pictures(
    labelled: Labelled,
    found: Evaluation,
    positions: np.ndarray,
    *,
    view: str,
    sort: str,
    marked: set[int],
    selected: int | None,
) -> None:
    """Draw the list in one of the views; a click opens an image."""
    if view == _HEAT:
        clicked = gallery(labelled, found, positions, key="mistakes", selected=selected)
        if clicked is not None:
            address.choose("at", str(clicked))
            st.rerun()
        return
    place, part = paged(len(positions), PER_SHEET)
    with place:
        contact_sheet(
            labelled,
            found,
            positions[part],
            sort=sort,
            side=_SIDES[view],
            marked=marked,
            selected=selected,
            on_open=lambda index: address.choose("at", str(index)),
            key="mistakes-sheet",
        )


def _usual(count: int) -> str:
    """A few images are shown with their heat at once; more are first seen all together."""
    return _HEAT if count <= PER_PAGE else _SHEET


def _per_page(count: int) -> int:
    view = address.chosen("view") or _usual(count)
    return PER_PAGE if view == _HEAT else PER_SHEET
