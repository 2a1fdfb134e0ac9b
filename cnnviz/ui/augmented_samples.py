"""What augmentation makes of this data set: sixteen images that the network might see."""

from __future__ import annotations

from functools import lru_cache
from html import escape

import numpy as np
import streamlit as st

from cnnviz.figures.charts import muted
from cnnviz.training.augment import augment
from cnnviz.ui import training_data
from cnnviz.ui.language import _
from cnnviz.ui.pictures import is_dark
from cnnviz.ui.thumbnails import source

_ORIGINALS, _EACH = 4, 4
_EPOCH = "augmented-epoch"


@st.fragment
def draw(dataset: str, names: tuple[str, ...]) -> None:
    """Four images in the first column, and beside each what four epochs make of it.

    Args:
        dataset: the data set that is learned from.
        names: keys of ``AUGMENTATIONS``; with none of them every epoch shows the image itself.
    """
    first = st.session_state.setdefault(_EPOCH, 0)
    originals, changed = _samples(dataset, names, first)
    class_names, found = _chosen(dataset)
    titles = [_("as it is"), *(str(first * _EACH + 1 + i) for i in range(_EACH))]
    colour = muted(is_dark())
    cells = [
        f'<div style="text-align:center;font-size:.85rem;color:{colour}">{escape(title)}</div>'
        for title in titles
    ]
    for row, original in enumerate(originals):
        name = _(class_names[found[row][0]])
        cells.append(_tile(original, name, colour))
        cells += [_tile(x, _("{name}, changed").format(name=name)) for x in changed[row]]
    st.html(
        '<div style="display:grid;gap:6px;max-width:30rem;align-items:center;'
        f'grid-template-columns:repeat({_EACH + 1},minmax(0,1fr))">{"".join(cells)}</div>'
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if names:
            st.caption(_("Each epoch shows every image in another way."))
            st.button(
                _("More epochs"),
                key="augmented-again",
                type="tertiary",
                icon=":material/refresh:",
                on_click=_go_on,
            )
        else:
            st.caption(_("Every epoch shows the same images."))


def _go_on() -> None:
    st.session_state[_EPOCH] += 1


def _tile(address: str, alt: str, frame: str = "transparent") -> str:
    return (
        f'<img src="{escape(address)}" alt="{escape(alt)}" style="width:100%;aspect-ratio:1;'
        f"object-fit:contain;image-rendering:pixelated;border-radius:6px;"
        f'outline:2px solid {frame};outline-offset:-2px">'
    )


@lru_cache(maxsize=16)
def _chosen(dataset: str) -> tuple[tuple[str, ...], tuple[tuple[int, np.ndarray], ...]]:
    """Class names and a few (class, image): those least like their mirror images, so that a flip
    is seen."""
    names, found = training_data.examples(dataset)
    lopsided = [np.abs(i.astype(np.int16) - i[:, ::-1]).mean() for _label, i in found]
    most = np.sort(np.argsort(lopsided)[::-1][:_ORIGINALS])
    return names, tuple(found[i] for i in most)


@lru_cache(maxsize=128)
def _samples(
    dataset: str, names: tuple[str, ...], turn: int
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Addresses of the originals, and of what becomes of each; another ``turn``, other chance."""
    images = [image for _label, image in _chosen(dataset)[1]]
    repeated = np.repeat(np.stack(images), _EACH, axis=0)
    changed = augment(repeated, names, np.random.default_rng(turn))
    rows = changed.reshape(len(images), _EACH, *images[0].shape)
    return (
        tuple(source(image) for image in images),
        tuple(tuple(source(image) for image in row) for row in rows),
    )
