"""The complete originals (60,000 or 50,000 training images), downloaded once by Keras.

Heavy: imports Keras. Everybody else reaches it through ``load_dataset(…, complete=True)``.
"""

from __future__ import annotations

import socket
from functools import lru_cache

import keras
import numpy as np

from cnnviz.datasets import bundled
from cnnviz.datasets.dataset import Dataset, check_split
from cnnviz.errors import Offline

CONNECT_SECONDS = 5  # without an answer for that long, we are offline


def load_complete(name: str, split: str = "train") -> Dataset:
    """``train`` (nine tenths), ``val`` (a fixed stratified tenth) or ``test`` of an original.

    ``test`` is the bundled one, which is complete. What Keras downloaded is kept in
    ``~/.keras/datasets``.

    Raises:
        Offline: it has to be downloaded, and cannot be.
        NotFound, BadInput: no such data set or split.
    """
    known = bundled.describe(name)
    check_split(split)
    if split == "test":
        images, labels = bundled.split_arrays(name, split)
    else:
        images, labels = _training_images(name)
        chosen = bundled.stratified(labels, split)
        images, labels = images[chosen], labels[chosen]
    return Dataset(name, split, images, labels, known.class_names, known.source)


@lru_cache(maxsize=1)
def _training_images(name: str) -> tuple[np.ndarray, np.ndarray]:
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(CONNECT_SECONDS)  # Keras downloads without any
    try:
        (images, labels), _test = getattr(keras.datasets, name).load_data()
    except Exception as error:
        # Keras raises a bare Exception for a failed download, urllib and ssl their own kinds, and
        # half a file is a ValueError, EOFError or BadZipFile.
        raise Offline(
            "The complete data set “{name}” has to be downloaded, and that did not work. Go "
            "online and try again, or use the bundled part of it.",
            name=name,
        ) from error
    finally:
        socket.setdefaulttimeout(timeout)
    if images.ndim == 3:
        images = images[..., None]
    return images, labels.reshape(-1).astype(np.int64)
