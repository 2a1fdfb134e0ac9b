"""Thumbnails of many images at once, remembered between reruns."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.datasets.loading import load_dataset
from cnnviz.figures.atlas import SIDE, Atlas, atlas_of
from cnnviz.ui.many import Labelled


def atlas(labelled: Labelled, indices: np.ndarray, side: int = SIDE) -> Atlas:
    """Thumbnails, at most ``side`` pixels a side, of the images at ``indices`` of the split.

    Made once for each choice of images. A component sends only the addresses of its sheets to the
    browser (``base.sprite_data``), which fetches and keeps the files.
    """
    places = np.ascontiguousarray(indices, "<i4")
    return _atlas(labelled.dataset, labelled.split, places.tobytes(), side)


# Two or three megabytes for ten thousand images without colours, four with them.
@st.cache_resource(max_entries=12, show_spinner=False)
def _atlas(dataset: str, split: str, places: bytes, side: int) -> Atlas:
    images = load_dataset(dataset, split).images
    # One row at a time: the pixels of what somebody brought lie in a file.
    return atlas_of((images[i] for i in np.frombuffer(places, "<i4")), side)
