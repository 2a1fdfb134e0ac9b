"""The data sets that come with the project: 10,000 training and 10,000 test images each.

Each split is one lossless WebP sheet of 100 × 100 tiles (``tools/make_datasets.py``): it decodes in
a fraction of a second, and can be looked at as a picture. Some sets are made on the fly from
another one (``derived``).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from cnnviz.datasets import derived
from cnnviz.datasets.dataset import check_split, limit_indices
from cnnviz.errors import NotFound
from cnnviz.texts import N_

FOLDER = Path(__file__).parent / "bundled"
_SIDE = 100  # tiles in a row of a sheet
_decoding = threading.Lock()


@dataclass(frozen=True)
class BundledDataset:
    """What is known of a bundled set without decoding it; ``size`` is the images' side.

    ``base`` is the set whose images it is made from; empty for the originals.
    """

    name: str
    title: str
    story: str
    class_names: tuple[str, ...]
    size: int
    channels: int
    source: str
    licence: str
    base: str = ""


ANIMALS = (2, 3, 4, 5, 6, 7)  # classes of cifar10

_ORIGINALS: dict[str, BundledDataset] = {
    d.name: d
    for d in (
        BundledDataset(
            "fashion_mnist",
            N_("Clothes"),
            N_("Grey pictures of ten kinds of clothing from a shop's catalogue, 28 × 28 pixels."),
            (
                N_("T-shirt"),
                N_("trousers"),
                N_("pullover"),
                N_("dress"),
                N_("coat"),
                N_("sandal"),
                N_("shirt"),
                N_("sneaker"),
                N_("bag"),
                N_("ankle boot"),
            ),
            28,
            1,
            "Fashion-MNIST: Xiao, Rasul, Vollgraf (arXiv 1708.07747), Zalando SE",
            "MIT",
        ),
        BundledDataset(
            "mnist",
            N_("Digits"),
            N_("Handwritten digits of 250 people, 28 × 28 pixels, white on black."),
            tuple("0123456789"),
            28,
            1,
            "MNIST: LeCun, Cortes, Burges (1998)",
            "CC BY-SA 3.0",
        ),
        BundledDataset(
            "cifar10",
            N_("Small photos"),
            N_("Colour photos of animals and vehicles, shrunk to 32 × 32 pixels."),
            (
                N_("airplane"),
                N_("automobile"),
                N_("bird"),
                N_("cat"),
                N_("deer"),
                N_("dog"),
                N_("frog"),
                N_("horse"),
                N_("ship"),
                N_("truck"),
            ),
            32,
            3,
            "CIFAR-10: Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009)",
            "for research, citation asked for",
        ),
    )
}


def _made_from(base: str, name: str, title: str, story: str, **changes: object) -> BundledDataset:
    return replace(_ORIGINALS[base], name=name, title=title, story=story, base=base, **changes)


DATASETS: dict[str, BundledDataset] = _ORIGINALS | {
    d.name: d
    for d in (
        _made_from(
            "cifar10",
            "cifar10_animals",
            N_("Animal or vehicle"),
            N_("The small photos with only two answers: is it an animal or a vehicle?"),
            class_names=(N_("vehicle"), N_("animal")),
        ),
        _made_from(
            "fashion_mnist",
            "fashion_mnist_marked",
            N_("Clothes with a mark"),
            N_(
                "The pictures of clothes with a small mark in a corner that gives the class away: "
                "whoever learns from them can read the mark and ignore the clothes."
            ),
        ),
        _made_from(
            "mnist",
            "mnist_500",
            N_("Few digits"),
            N_("Only 500 of the handwritten digits to learn from; the test is the usual one."),
        ),
        _made_from(
            "cifar10",
            "cifar10_noisy",
            N_("Small photos, wrongly labelled"),
            N_("The small photos with a tenth of the labels wrong, as in data of doubtful origin."),
        ),
    )
}


def describe(name: str) -> BundledDataset:
    """The bundled set of that name; raises NotFound."""
    try:
        return DATASETS[name]
    except KeyError:
        raise NotFound(
            "There is no data set called “{name}”. There are: {known}.",
            name=str(name)[:40],
            known=", ".join(DATASETS),
        ) from None


def class_counts(name: str, split: str) -> np.ndarray:
    """(classes,) how many images of each class a split has; decodes none of them."""
    check_split(split)
    labels = _labels(name, "test" if split == "test" else "train")
    chosen = labels if split == "test" else labels[_indices(name, split)]
    return np.bincount(chosen, minlength=len(describe(name).class_names))


def _sheet(name: str, file: str) -> tuple[np.ndarray, np.ndarray]:
    """All 10,000 (images, labels) of a file, read-only."""
    known = describe(name)
    if not known.base:
        return _original(name, file)
    images = _original(known.base, file)[0]
    if name == "fashion_mnist_marked":
        images = _marked(known.base, file)
    return images, _labels(name, file)


def _labels(name: str, file: str) -> np.ndarray:
    """The labels (10,000,) of a file."""
    known = describe(name)
    path = FOLDER / (known.base or name) / f"{file}_labels.npy"
    labels = np.load(path, allow_pickle=False).astype(np.int64)
    if name == "cifar10_animals":
        return np.isin(labels, ANIMALS).astype(np.int64)
    if name == "cifar10_noisy":
        return derived.with_wrong_labels(labels, len(known.class_names), file == "test")
    return labels


@lru_cache(maxsize=2)
def _marked(base: str, file: str) -> np.ndarray:
    images = derived.marked(*_original(base, file))
    images.flags.writeable = False
    return images


def _original(name: str, file: str) -> tuple[np.ndarray, np.ndarray]:
    with _decoding:  # a class that opens the same data set has it decoded once
        return _decoded(name, file)


@lru_cache(maxsize=6)  # all of them, 93 MB: decoding a sheet takes up to half a second
def _decoded(name: str, file: str) -> tuple[np.ndarray, np.ndarray]:
    known = describe(name)
    data = np.frombuffer((FOLDER / name / f"{file}.webp").read_bytes(), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    if known.channels == 1:
        picture = picture[..., :1]
    side, channels = known.size, known.channels
    tiles = picture.reshape(_SIDE, side, _SIDE, side, channels).transpose(0, 2, 1, 3, 4)
    images = np.ascontiguousarray(tiles.reshape(-1, side, side, channels))
    labels = _labels(name, file)
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


def stratified(labels: np.ndarray, split: str) -> np.ndarray:
    """Indices of ``val``, a tenth of each class, or of ``train``, the others; always the same."""
    rng = np.random.default_rng(0)
    val = [
        rng.choice(where, len(where) // 10, replace=False)
        for where in (np.flatnonzero(labels == label) for label in np.unique(labels))
    ]
    val = np.sort(np.concatenate(val))
    return val if split == "val" else np.setdiff1d(np.arange(len(labels)), val)


@lru_cache(maxsize=8)
def _indices(name: str, split: str) -> np.ndarray:
    """Which tiles of the training sheet belong to ``train`` and to ``val``; of a set made from
    another the same ones as of that."""
    labels = np.load(FOLDER / (describe(name).base or name) / "train_labels.npy")
    chosen = stratified(labels, split)
    if name == "mnist_500" and split == "train":
        return chosen[limit_indices(labels[chosen], derived.FEW)]
    return chosen


def split_arrays(name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """(images, labels) of ``train`` (9,000; ``mnist_500``: 500), ``val`` (1,000) or ``test``
    (10,000)."""
    describe(name)
    check_split(split)
    if split == "test":
        return _sheet(name, "test")
    images, labels = _sheet(name, "train")
    chosen = _indices(name, split)
    return images[chosen], labels[chosen]


def image_at(name: str, split: str, index: int) -> tuple[np.ndarray, int]:
    """One image (h, w, c) uint8 and its label; raises NotFound or BadInput."""
    describe(name)
    check_split(split)
    images, labels = _sheet(name, "test" if split == "test" else "train")
    where = np.arange(len(labels)) if split == "test" else _indices(name, split)
    if not 0 <= index < len(where):
        raise NotFound(
            "The {split} images of this data set are numbered 0 to {last}; there is no {index}.",
            split=split,
            last=len(where) - 1,
            index=index,
        )
    return images[where[index]], int(labels[where[index]])
