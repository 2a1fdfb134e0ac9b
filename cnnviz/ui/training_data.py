"""A look at what a network will learn from: a few training images of every class."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import streamlit as st

from cnnviz.datasets.bundled import DATASETS, split_arrays
from cnnviz.datasets.imported import describe_imported
from cnnviz.datasets.loading import load_dataset
from cnnviz.ui.language import _, n_
from cnnviz.ui.plain_text import plain
from cnnviz.ui.thumbnails import Thumbnail, source, thumbnails

_SHOWN = 10


def strip(name: str) -> None:
    """Images of as many classes as fit, each with its name; how many there are in all."""
    names, found = examples(name)
    known = DATASETS.get(name)
    title = _(known.title) if known else _("Your own images")
    story = _(known.story) if known else ""
    st.markdown(_("**{title}.** {text}").format(title=plain(title), text=story))
    shown = zip(found, _sources(name), strict=True)
    thumbnails([Thumbnail(address, _(names[i]), _(names[i])) for (i, _image), address in shown], 84)
    st.caption(
        n_("{count} image to learn from", "{count} images to learn from", training_images(name))
        + " · "
        + _("{count} classes").format(count=f"{len(names):,}")
    )


def training_images(name: str) -> int:
    """How many training images a data set has."""
    return sum(class_counts(name))


@lru_cache(maxsize=64)
def class_counts(name: str) -> tuple[int, ...]:
    """How many training images of each class a data set has."""
    if name in DATASETS:
        return tuple(np.bincount(split_arrays(name, "train")[1]).tolist())
    return describe_imported(name.removeprefix("upload:")).counts["train"]


def input_shape(name: str) -> tuple[int, int, int]:
    """Height, width and channels of a data set's images."""
    if name in DATASETS:
        known = DATASETS[name]
        return known.size, known.size, known.channels
    return describe_imported(name.removeprefix("upload:")).shape


@lru_cache(maxsize=16)
def examples(name: str) -> tuple[tuple[str, ...], tuple[tuple[int, np.ndarray], ...]]:
    """Class names, and (class, image (h, w, c) uint8) of some images; always the same ones.

    The first of every class, then the second of every class, and so on, in an order of chance.
    """
    dataset = load_dataset(name, "train")
    order = np.random.default_rng(0).permutation(len(dataset))
    labels = dataset.labels[order]
    turn = np.zeros(len(order), np.int64)
    for label in np.unique(labels):
        where = np.flatnonzero(labels == label)
        turn[where] = np.arange(len(where))
    chosen = order[np.lexsort((labels, turn))[:_SHOWN]]
    found = tuple((int(dataset.labels[i]), np.array(dataset.images[i])) for i in chosen)
    return dataset.class_names, found


@lru_cache(maxsize=16)
def _sources(name: str) -> tuple[str, ...]:
    return tuple(source(image) for _label, image in examples(name)[1])
