"""One way to every data set: a bundled name, a folder, a zip, or something a person brought."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from cnnviz.datasets import bundled
from cnnviz.datasets.dataset import Dataset


def load_dataset(
    name: str | Path,
    split: str = "train",
    limit: int | None = None,
    *,
    size: tuple[int, int] | None = None,
    complete: bool = False,
) -> Dataset:
    """Load one split of a data set.

    Args:
        name: ``mnist``, ``fashion_mnist``, ``cifar10``, a folder or zip of class folders, or
            ``upload:<id>``.
        split: ``train``, ``val`` (a fixed stratified tenth of the training images) or ``test``.
        limit: at most this many images, evenly over the classes, the same ones every time.
        size: (h, w) in pixels that the images of a folder or zip are brought to.
        complete: the original training set (60,000 or 50,000 images) instead of the bundled part;
            downloaded by Keras on first use.

    Raises:
        NotFound, BadInput, BadDataset: with a sentence that says what to do.
        Offline: ``complete`` without a connection.
    """
    text = str(name)
    if text in bundled.DATASETS:
        if complete:
            # resolved by name: this module must not bring TensorFlow with it
            load = import_module("cnnviz.datasets.complete").load_complete
            return load(text, split).limit(limit)
        known = bundled.DATASETS[text]
        images, labels = bundled.split_arrays(text, split)
        return Dataset(text, split, images, labels, known.class_names, known.source).limit(limit)
    folders = import_module("cnnviz.datasets.folders")
    return folders.load(name, split, size).limit(limit)
