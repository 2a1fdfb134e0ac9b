"""A look at what a network will learn from: a few training images of every class."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import streamlit as st

from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.loading import load_dataset
from cnnviz.ui.language import _, n_
from cnnviz.ui.plain_text import plain
from cnnviz.ui.thumbnails import Thumbnail, source, thumbnails
from cnnviz.ui.training_settings import training_images

_SHOWN = 10


def strip(name: str) -> None:
    """Images of as many classes as fit, each with its name; how many there are in all."""
    names, found = _examples(name)
    known = DATASETS.get(name)
    title = _(known.title) if known else _("Your own images")
    story = _(known.story) if known else ""
    st.markdown(_("**{title}.** {text}").format(title=plain(title), text=story))
    thumbnails([Thumbnail(address, _(names[i]), _(names[i])) for i, address in found], 84)
    st.caption(
        n_("{count} image to learn from", "{count} images to learn from", training_images(name))
        + " · "
        + _("{count} classes").format(count=f"{len(names):,}")
    )


@lru_cache(maxsize=16)
def _examples(name: str) -> tuple[tuple[str, ...], tuple[tuple[int, str], ...]]:
    """Class names, and (class, address of the image) of some images; always the same ones."""
    dataset = load_dataset(name, "train")
    order = np.random.default_rng(0).permutation(len(dataset))
    labels = dataset.labels[order]
    # the first of every class, then the second of every class, and so on
    turn = np.zeros(len(order), np.int64)
    for label in np.unique(labels):
        where = np.flatnonzero(labels == label)
        turn[where] = np.arange(len(where))
    chosen = order[np.lexsort((labels, turn))[:_SHOWN]]
    found = []
    for index in chosen:
        image = dataset.images[index]
        found.append((int(dataset.labels[index]), source(image)))
    return dataset.class_names, tuple(found)
