"""One way to every data set: a bundled name, a folder, a zip, or something a person brought."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path

from cnnviz.datasets import bundled
from cnnviz.datasets.class_folders import SIZE
from cnnviz.datasets.dataset import Dataset, check_split
from cnnviz.datasets.folders import read_folder
from cnnviz.datasets.imported import load_imported
from cnnviz.datasets.zips import read_zip
from cnnviz.errors import BadInput, NotFound


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
        if complete and not bundled.DATASETS[text].base:
            # resolved by name: this module must not bring TensorFlow with it
            load = import_module("cnnviz.datasets.complete").load_complete
            return load(text, split).limit(limit)
        known = bundled.DATASETS[text]
        if not complete:
            images, labels = bundled.split_arrays(text, split)
            whole = Dataset(text, split, images, labels, known.class_names, known.source)
            return whole.limit(limit)
    if complete:
        raise BadInput("Only the bundled data sets have a complete original.")
    if text.startswith("upload:"):
        return load_imported(text.removeprefix("upload:"), split, size).limit(limit)
    if not Path(name).exists():
        raise NotFound(
            "There is no data set called “{name}”. There are: {known}, and folders or zips.",
            name=text[-40:],
            known=", ".join(bundled.DATASETS),
        )
    check_split(split)
    return _read(Path(name), size or SIZE, _stamp(Path(name)))[split].limit(limit)


@lru_cache(maxsize=1)
def _read(path: Path, size: tuple[int, int], stamp: tuple[int, ...]) -> dict[str, Dataset]:
    """All splits, kept because whoever trains asks for one after the other."""
    splits = read_folder(path, size) if path.is_dir() else read_zip(path, size)
    for dataset in splits.values():
        dataset.images.flags.writeable = dataset.labels.flags.writeable = False
    return splits


def _stamp(path: Path) -> tuple[int, ...]:
    """Changes when a file below ``path`` is added, removed or written."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    states = [f.stat() for f in files if f.exists()]
    return len(states), sum(s.st_size for s in states), max(s.st_mtime_ns for s in states)
