"""Folders of images, one a class, become a data set, wherever the folders lie (disk or zip).

Understood are ``train/cat/1.jpg``, ``val/cat/2.jpg``, ``test/…`` (any case; also ``validation``,
``valid``, ``training``, ``testing``) and flat ``cat/1.jpg``, each also inside one more folder. A
split that is missing is taken from the training images: a fixed stratified tenth of each class.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from cnnviz import images
from cnnviz.datasets.dataset import SPLITS, Dataset, Skipped
from cnnviz.errors import BadDataset, BadImage
from cnnviz.texts import N_

SIZE = (64, 64)
MAX_IMAGES = 50_000
MAX_CLASSES = 1000
MAX_ARRAY_BYTES = 1 << 30
MAX_NAME = 80  # characters of a class name that are shown
MIN_IMAGES = 3  # of a class from which validation and test images are taken too

_SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_LITTER = ("__macosx", "thumbs.db", "desktop.ini")

Report = Callable[[float, str], object]
CheckCancelled = Callable[[], object]


@dataclass(frozen=True)
class Member:
    """A file or folder of a data set: its path in parts, and how to get its bytes.

    ``read`` is None for a folder; it raises BadImage when the bytes cannot be had.
    """

    parts: tuple[str, ...]
    read: Callable[[], bytes] | None = None

    @property
    def name(self) -> str:
        return "/".join(self.parts)[:200]


@dataclass(frozen=True)
class Collected:
    """All images that could be read: pixels (n, h, w, c) uint8, labels (n,), split names (n,).

    ``sizes`` (n, 2) int32 are the heights and widths they had before they were brought to one size
    (of huge photos, those in which they were decoded).
    """

    pixels: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    sizes: np.ndarray
    class_names: tuple[str, ...]
    skipped: tuple[Skipped, ...]

    def indices(self, split: str) -> np.ndarray:
        """Which images belong to a split, class by class."""
        return np.flatnonzero(self.splits == split)

    def datasets(self, name: str, source: str) -> dict[str, Dataset]:
        """One Dataset a split."""
        result = {}
        for split in SPLITS:
            chosen = self.indices(split)
            result[split] = Dataset(
                name,
                split,
                np.ascontiguousarray(self.pixels[chosen]),
                self.labels[chosen],
                self.class_names,
                source,
                self.skipped,
            )
        return result


@dataclass(frozen=True)
class Contents:
    """What lies in the folders, by their names: no file has been opened.

    ``counts`` gives the files of each class for every split that has a folder of its own.
    """

    class_names: tuple[str, ...]
    counts: dict[str, tuple[int, ...]]
    skipped: tuple[Skipped, ...]


def natural(text: str) -> list:
    """Sort key: “img2” before “img10”, whatever the case."""
    parts = re.split(r"(\d+)", text.casefold())
    return [(0, int(p), "") if p.isdecimal() and len(p) < 19 else (1, 0, p) for p in parts], text


def collect(
    members: Iterable[Member],
    *,
    size: tuple[int, int] = SIZE,
    channels: int | None = None,
    how: str = "crop",
    allocate: Callable[[tuple[int, ...]], np.ndarray] | None = None,
    report: Report | None = None,
    check_cancelled: CheckCancelled | None = None,
) -> Collected:
    """Decode and fit every image.

    Args:
        size: (h, w) in pixels that every image is brought to.
        channels: 1, 3, or None for 3 unless all images are grey.
        how: see :func:`cnnviz.images.fit`.
        allocate: makes the (n, h, w, 3) uint8 array, for instance in a file.
        report: called with a fraction and a sentence.
        check_cancelled: raises when nobody waits any more.

    Raises:
        BadDataset: no class folders, fewer than two classes, an empty class, or too much of it.
    """
    found, classes, skipped = _arrange(members)
    if len(found) * size[0] * size[1] * 3 > MAX_ARRAY_BYTES:
        raise BadDataset(
            "{count} images of {height} × {width} pixels are too much. Choose a smaller size.",
            count=len(found),
            height=size[0],
            width=size[1],
        )
    pixels = (allocate or _in_memory)((len(found), *size, 3))
    labels, splits, sizes, grey = [], [], [], True
    for i, (member, split, label) in enumerate(found):
        if check_cancelled:
            check_cancelled()
        if report and i % 50 == 0:
            report(i / len(found), N_("Reading the images"))
        try:
            image = images.decode(member.read())
        except BadImage as error:
            skipped.append(Skipped(member.name, error.template))
            continue
        grey, original = grey and image.shape[2] == 1, image.shape[:2]
        if channels == 1:
            image = images.fit(image, size, 1, how)
        pixels[len(labels)] = images.fit(image, size, 3, how)
        labels.append(label)
        splits.append(split)
        sizes.append(original)
    channels = channels or (1 if grey else 3)
    labels, splits = np.array(labels, np.int64), np.array(splits, "<U5")
    _check_classes(labels[splits == "train"], classes)
    return Collected(
        pixels[: len(labels), ..., :channels],
        labels,
        _complete_splits(labels, splits, classes),
        np.array(sizes, np.int32).reshape(-1, 2),
        tuple(map(_shown, classes)),
        tuple(skipped),
    )


def contents(members: Iterable[Member]) -> Contents:
    """Which classes and how many files of each there are. Raises BadDataset as ``collect`` does."""
    found, classes, skipped = _arrange(members)
    counts = {}
    for split in SPLITS:
        labels = [label for _member, of, label in found if of == split]
        if labels:
            counts[split] = tuple(np.bincount(labels, minlength=len(classes)).tolist())
    return Contents(tuple(map(_shown, classes)), counts, tuple(skipped))


def _in_memory(shape: tuple[int, ...]) -> np.ndarray:
    return np.empty(shape, np.uint8)


def _arrange(
    members: Iterable[Member],
) -> tuple[list[tuple[Member, str, int]], list[str], list[Skipped]]:
    """Which file is which class of which split: ([(member, split, label)], classes, skipped)."""
    members = [m for m in members if not any(map(_litter, m.parts))]
    members = _unwrapped(members)
    members.sort(key=lambda m: natural("/".join(m.parts)))
    top = {m.parts[0] for m in members if _inside(m, 1)}
    split_of = {name: _SPLIT_NAMES.get(name.casefold()) for name in top}
    nested = any(split_of[m.parts[0]] == "train" for m in members if _inside(m, 2))
    depth = 2 if nested else 1  # parts before the file's name: (split and) class
    classes: set[str] = set()
    placed, skipped = [], []
    for member in members:
        split = split_of.get(member.parts[0]) if nested else "train"
        if split is None or not _inside(member, depth):
            if member.read:
                skipped.append(
                    Skipped(member.name, N_("It does not lie in the folder of a class."))
                )
            continue
        key = member.parts[depth - 1]
        if split == "train":
            classes.add(key)
        if member.read:
            placed.append((member, split, key))
    if len(classes) < 2:
        raise BadDataset(
            "This data set has {count} folders of images; at least two are needed, one a class, "
            "such as cats/ and dogs/. The folders may lie in train/, val/ and test/.",
            count=len(classes),
        )
    if len(classes) > MAX_CLASSES:
        raise BadDataset(
            "This data set has {count} classes; up to {most} can be used.",
            count=len(classes),
            most=MAX_CLASSES,
        )
    ordered = sorted(classes, key=natural)
    label_of = {key: i for i, key in enumerate(ordered)}
    found = []
    for member, split, key in placed:
        if key in label_of:
            found.append((member, split, label_of[key]))
        else:
            reason = N_("There is no class of that name among the training images.")
            skipped.append(Skipped(member.name, reason))
    if len(found) > MAX_IMAGES:
        raise BadDataset(
            "This data set has {count} files; up to {most} can be used. Leave some out.",
            count=len(found),
            most=MAX_IMAGES,
        )
    return found, ordered, skipped


def _inside(member: Member, depth: int) -> bool:
    """Whether a member is, or lies in, a folder of that depth."""
    return len(member.parts) > depth or (len(member.parts) == depth and member.read is None)


def _litter(part: str) -> bool:
    return part.startswith(".") or part.casefold() in _LITTER


def _unwrapped(members: list[Member]) -> list[Member]:
    """Without the folders that only wrap all others."""
    while True:
        top = {m.parts[0] for m in members if _inside(m, 1)}
        deeper = any(_inside(m, 2) for m in members)
        if len(top) != 1 or not deeper or _SPLIT_NAMES.get(min(top).casefold()) == "train":
            return members
        members = [Member(m.parts[1:], m.read) for m in members if len(m.parts) > 1]


def _shown(name: str) -> str:
    """A folder's name as text: no control characters, not too long."""
    return "".join(c if c.isprintable() else " " for c in name).strip()[:MAX_NAME] or "?"


def _check_classes(labels: np.ndarray, classes: list[str]) -> None:
    counts = Counter(labels.tolist())
    for label, name in enumerate(classes):
        if not counts[label]:
            raise BadDataset(
                "The folder “{name}” holds no image that can be read. Put images into it, or "
                "remove it.",
                name=_shown(name),
            )


def _complete_splits(labels: np.ndarray, splits: np.ndarray, classes: list[str]) -> np.ndarray:
    """``splits`` with a tenth of each class moved to every split that has no images."""
    splits = splits.copy()
    missing = [s for s in ("val", "test") if not (splits == s).any()]
    rng = np.random.default_rng(0)
    for label, name in enumerate(classes) if missing else ():
        own = rng.permutation(np.flatnonzero((labels == label) & (splits == "train")))
        if len(own) < MIN_IMAGES:
            raise BadDataset(
                "The folder “{name}” has only {count} images that can be read; {needed} are needed "
                "so that some can be kept for validation and test.",
                name=_shown(name),
                count=len(own),
                needed=MIN_IMAGES,
            )
        part = max(1, round(len(own) / 10))
        for i, split in enumerate(missing):
            splits[own[i * part : (i + 1) * part]] = split
    return splits
