"""The map of a feature space: its points in the colours asked for, and what is clicked on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from cnnviz.figures.colours import class_colour
from cnnviz.ui import address
from cnnviz.ui.components.scatter import Groups, right_or_wrong, scatter
from cnnviz.ui.image_view import image_view
from cnnviz.ui.language import _, listed, n_
from cnnviz.ui.many import Labelled
from cnnviz.ui.many_images import atlas

_MOST_LOSS = 3.0  # the end of the colours: the true class got a twentieth of the vote
_LASSO = "_space-lasso"  # in this session's state: (data set, split, indices)
_NAMED = 5  # classes that the sentence about chosen images names


def draw(
    labelled: Labelled,
    answer: dict,
    *,
    points: np.ndarray,
    colour: str,
    key: str,
    background: np.ndarray | None = None,
    own: Sequence[tuple[float, float, str]] = (),
    own_links: Sequence[Sequence[int]] = (),
) -> None:
    """Draw ``points`` (n, 2) of the images of an answer; a click opens one, a lasso chooses some.

    Args:
        labelled: where the images come from.
        answer: ``labels``, ``predicted``, ``confidence``, ``loss`` and ``indices`` (n,).
        colour: one of ``space_choices.COLOURS``.
        key: of the component.
        background, own, own_links: as ``scatter`` takes them.
    """
    indices = answer["indices"]
    at = address.value("at", "")
    open_at = np.flatnonzero(indices == int(at)) if at.isdecimal() and len(at) < 10 else []
    click = scatter(
        points,
        answer["labels"],
        labelled.class_names,
        [class_colour(i) for i in range(len(labelled.class_names))],
        key=key,
        predicted=answer["predicted"],
        sprite=atlas(labelled, indices),
        own=own,
        own_links=own_links,
        selected=int(open_at[0]) if len(open_at) else None,
        background=background,
        lasso=True,
        chosen=_chosen_points(labelled, indices),
        label=_("Map of the images"),
        **_coloured(labelled, answer, colour),
    )
    if click.lasso is not None:
        st.session_state[_LASSO] = (labelled.dataset, labelled.split, indices[click.lasso])
        st.rerun()
    if click.clicked is not None:
        address.choose("at", str(int(indices[click.clicked])))
        st.rerun()


def _coloured(labelled: Labelled, answer: dict, colour: str) -> dict:
    """What ``scatter`` is told about the colours."""
    if colour == "called":
        names = labelled.class_names
        colours = [class_colour(i) for i in range(len(names))]
        return {"groups": Groups(answer["predicted"], names, colours)}
    if colour == "confidence":
        values = np.asarray(answer["confidence"], np.float32)
        return {"colour_values": values, "legend": (_("unsure"), _("sure"))}
    if colour == "loss":
        values = np.asarray(answer["loss"], np.float32) / _MOST_LOSS
        most = _("{loss} and more").format(loss=f"{_MOST_LOSS:g}")
        return {"colour_values": values, "legend": ("0", most)}
    if colour == "right":
        return {"groups": right_or_wrong(answer["labels"], answer["predicted"])}
    return {}


def open_image(labelled: Labelled) -> None:
    """The image that the address names, whoever chose it: a point, a neighbour, a link."""
    at = address.value("at", "")
    if at.isdecimal() and len(at) < 10:
        with st.container(border=True, key="point"):
            image_view(labelled, int(at))


def chosen_images(labelled: Labelled) -> np.ndarray | None:
    """The images (their places in the split) that a line was last drawn around; None without."""
    dataset, split, indices = st.session_state.get(_LASSO, (None, None, np.zeros(0, int)))
    here = (dataset, split) == (labelled.dataset, labelled.split)
    return indices if here and len(indices) else None


def _chosen_points(labelled: Labelled, indices: np.ndarray) -> np.ndarray:
    chosen = chosen_images(labelled)
    none = np.zeros(0, int)
    return none if chosen is None else np.flatnonzero(np.isin(indices, chosen))


def counts_in_words(labels: np.ndarray, names: Sequence[str]) -> str:
    """“12 × “Shirt”, 3 × “Coat”, 2 others”, the commonest first."""
    classes, counts = np.unique(labels, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    words = [
        _("{count} × “{name}”").format(count=f"{counts[i]:,}", name=names[classes[i]])
        for i in order[:_NAMED]
    ]
    rest = int(counts[order[_NAMED:]].sum())
    if rest:
        words.append(n_("{count} other", "{count} others", rest))
    return listed(words)
