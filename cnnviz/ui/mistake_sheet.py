"""The contact sheet of a list of answers: what can be seen at once, in one picture."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import streamlit as st

from cnnviz.evaluation.results import Evaluation
from cnnviz.figures.colours import class_colour
from cnnviz.ui.components.sheet import sheet
from cnnviz.ui.language import _, n_, percent
from cnnviz.ui.many import Labelled
from cnnviz.ui.many_images import atlas
from cnnviz.ui.mistake_list import groups

PER_SHEET = 1000  # small images that one page carries; more are on further pages
_NAMED = 60  # from this side of a tile on there is room for a name under it
_IN_LEGEND = 12  # classes
_SIDE = 64  # pixels of a small image as it travels


def contact_sheet(
    labelled: Labelled,
    found: Evaluation,
    positions: np.ndarray,
    *,
    sort: str,
    side: int,
    marked: set[int],
    selected: int | None,
    on_open: Callable[[int], None],
    key: str,
) -> None:
    """Draw the images at ``positions`` (at most ``PER_SHEET``); ``on_open`` gets a clicked index.

    ``sort`` is the order they are in: sorted by class, each class has a heading. ``side`` is that
    of a tile in pixels; small ones have no name under them, so a legend names the colours.
    ``selected`` is the index of the open image.
    """
    if side < _NAMED:
        _legend(labelled, found.predicted[positions])
    else:
        st.caption(
            _(
                "The name under each image, and the colour of its edge, are what the network "
                "called it. Click an image to see why."
            )
        )
    names, indices = labelled.class_names, found.indices[positions]
    title = _("It is: {name}") if sort == "true" else _("Called: {name}")
    headings = [
        (start, title.format(name=names[c]) + " · " + n_("{count} image", "{count} images", n))
        for start, c, n in groups(found, positions, sort)
    ]
    open_at = np.flatnonzero(indices == selected) if selected is not None else []
    several = labelled.opened.card.answers == "several"
    share = _("{share} yes") if several else _("{share} of its vote")
    sheet(
        atlas(labelled, indices, _SIDE).sheets,
        found.labels[positions],
        found.predicted[positions],
        found.confidence[positions],
        names,
        [class_colour(i) for i in range(len(names))],
        key=key,
        side=side,
        named=side >= _NAMED,
        on_click=lambda tile: on_open(int(indices[tile])),
        headings=headings,
        marked=[i for i, index in enumerate(indices) if int(index) in marked],
        selected=int(open_at[0]) if len(open_at) else None,
        says=_("It is “{true}”, called “{called}” with {share}").replace("{share}", share),
        right_says=_("“{true}”, recognised with {share}").replace("{share}", share),
        share_text=percent(0.01).replace("1", "{n}"),
        marked_text=_("marked"),
        label=_("Images with what the network called them"),
    )


def _legend(labelled: Labelled, called: np.ndarray) -> None:
    """What the colours of the edges mean, the commonest answers first, with how many of each."""
    classes, counts = np.unique(called, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_IN_LEGEND]
    parts = [
        '<span style="white-space:nowrap"><span style="display:inline-block;width:1.1em;'
        f"height:.45em;border-radius:2px;margin-right:.35em;vertical-align:middle;"
        f'background:{class_colour(int(classes[i]))}"></span>'
        f"{escape(labelled.class_names[int(classes[i])])} {counts[i]:,}</span>"
        for i in order
    ]
    if len(classes) > _IN_LEGEND:
        more = len(classes) - _IN_LEGEND
        parts.append(escape(n_("and {count} more class", "and {count} more classes", more)))
    title = escape(_("The edge says what it was called:"))  # babel does not look into f-strings
    st.html(
        f'<div style="display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.9rem">'
        f"<span>{title}</span>{''.join(parts)}</div>"
    )
