"""Look at a data set: its classes, how many images each has, and a grid of them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.dataset import Dataset
from cnnviz.datasets.loading import load_dataset
from cnnviz.figures import charts
from cnnviz.figures.tiles import image_sprite
from cnnviz.ui import address
from cnnviz.ui.components.grid import grid
from cnnviz.ui.language import _, n_, split_names
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.plain_text import plain

_SHOWN = 40
_SIDE = 64
_ALL = "all"


def draw(name: str) -> None:
    """Sample grid first, then the counts; a click on an image makes it the image of all pages."""
    splits = split_names()
    left, right = st.columns([3, 2], gap="large")
    with right:
        split = address.widget(
            st.segmented_control,
            _("Images for"),
            list(splits),
            "split",
            "train",
            format_func=splits.__getitem__,
        )
    dataset = load_dataset(name, split)
    known = DATASETS.get(name)
    with left:
        if known:
            st.markdown(_(known.story))
        _samples(dataset, name, split)
    with right:
        _classes(dataset, splits[split])
        if known:
            st.caption(f"{known.source}. {known.licence}.")
        elif dataset.source:
            st.caption(plain(dataset.source))


def _samples(dataset: Dataset, name: str, split: str) -> None:
    all_names = dataset.class_names  # a session keeps what a widget's function knows: no images
    classes = [_ALL, *(str(i) for i in range(len(dataset.class_names)))]
    chosen = address.value("class", _ALL, valid=classes)
    page = address.number("more", 0, 0, 10_000)
    if chosen == _ALL:
        order = np.random.default_rng(0).permutation(len(dataset))
    else:
        order = np.flatnonzero(dataset.labels == int(chosen))
    start = min(page * _SHOWN, max(0, len(order) - 1) // _SHOWN * _SHOWN)
    shown = order[start : start + _SHOWN]
    tiles = np.stack([images.fit(dataset.images[i], _tile(dataset), 3) for i in shown])
    names = [_(dataset.class_names[dataset.labels[i]]) for i in shown]
    clicked = grid(
        image_sprite(tiles),
        key="data-grid",
        side=_SIDE,
        captions=names,
        tooltips=[_("{name}: use this image").format(name=n) for n in names],
        label=_("Images of the data set"),
    )
    if clicked is not None:
        address.choose("image", f"data:{name}/{split}/{int(shown[clicked])}")
        st.switch_page("pages/feature_maps.py")
    st.caption(_("Click an image to follow it through the network."))
    with st.container(horizontal=True):
        st.button(
            _("Other images"),
            key="data-more",
            icon=":material/refresh:",
            on_click=address.choose,
            args=("more", str((page + 1) % max(1, -(-len(order) // _SHOWN)))),
        )
        address.widget(
            st.selectbox,
            _("Class"),
            classes,
            "class",
            _ALL,
            format_func=lambda c: _("all classes") if c == _ALL else _(all_names[int(c)]),
            label_visibility="collapsed",
        )


def _tile(dataset: Dataset) -> tuple[int, int]:
    """Small images keep their pixels; larger ones are shrunk to what the grid shows."""
    height, width = dataset.images.shape[1:3]
    scale = min(1.0, 96 / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _classes(dataset: Dataset, split: str) -> None:
    counts = np.bincount(dataset.labels, minlength=len(dataset.class_names))
    height, width, channels = dataset.images.shape[1:]
    st.subheader(n_("{count} image", "{count} images", len(dataset)) + f" ({split})", anchor=False)
    st.markdown(
        (
            _("Each has {width} × {height} pixels in colour. The bars count them by class.")
            if channels == 3
            else _("Each has {width} × {height} pixels in grey. The bars count them by class.")
        ).format(width=width, height=height)
    )
    chart(
        charts.class_counts([_(c) for c in dataset.class_names], counts.tolist(), dark=is_dark()),
        key="class-counts",
        alt=_("Number of images of each class"),
    )
