"""Thumbnails of many images at once, remembered between reruns."""

from __future__ import annotations

import cv2
import numpy as np
import streamlit as st

from cnnviz.datasets.loading import load_dataset
from cnnviz.ui.many import Labelled

_SIDE = 32


def thumbnails(labelled: Labelled, indices: np.ndarray) -> np.ndarray:
    """(n, h, w, c) uint8, at most 32 pixels a side, of the images at ``indices`` of the split."""
    key = tuple(int(i) for i in indices)
    return _thumbnails(labelled.dataset, labelled.split, key)


@st.cache_data(max_entries=4, show_spinner=False)
def _thumbnails(dataset: str, split: str, indices: tuple[int, ...]) -> np.ndarray:
    pictures = load_dataset(dataset, split).images[list(indices)]
    height, width = pictures.shape[1:3]
    if max(height, width) <= _SIDE:
        return pictures
    scale = _SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in pictures]
    return np.stack(small).reshape(len(pictures), size[1], size[0], -1)
