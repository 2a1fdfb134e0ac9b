"""Data sets that people brought: read once, kept as arrays under an upload's id.

A folder ``uploads/<id>/`` holds ``<split>_images.npy`` (n, h, w, c) uint8, ``<split>_labels.npy``
(n,) int64, ``<split>_sizes.npy`` (n, 2) int32, the sizes they came in, and ``meta.json``. Its
reference is ``upload:<id>``.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cnnviz import belongings, images, quotas, storage, uploads
from cnnviz.datasets.class_folders import (
    SIZE,
    CheckCancelled,
    Collected,
    Report,
    collect,
)
from cnnviz.datasets.dataset import SPLITS, Dataset, Skipped, check_split
from cnnviz.datasets.folders import members_of
from cnnviz.datasets.zips import open_members
from cnnviz.errors import NotFound
from cnnviz.texts import AsTyped

KIND = "dataset"
MAX_SKIPPED = 200  # that are kept by name; all are counted
_CHUNK = 512  # images copied at a time


@dataclass(frozen=True)
class Imported:
    """What is known of an imported data set without its pixels.

    ``counts`` gives the images of each class for every split; ``shape`` is (h, w, c).
    """

    identifier: str
    title: str
    class_names: tuple[str, ...]
    counts: dict[str, tuple[int, ...]]
    shape: tuple[int, int, int]
    skipped: tuple[Skipped, ...]
    skipped_in_all: int
    owner: str
    created: float

    @property
    def reference(self) -> str:
        return f"upload:{self.identifier}"


@storage.needing_room()
def import_dataset(
    source: bytes | Path,
    filename: str,
    owner: str = storage.LOCAL_OWNER,
    *,
    size: tuple[int, int] = SIZE,
    channels: int | None = None,
    how: str = "crop",
    report: Report | None = None,
    check_cancelled: CheckCancelled | None = None,
) -> str:
    """Read a zip (bytes or a path) or a folder and keep its images; returns the upload's id.

    ``filename`` is text to show. The other arguments: :func:`class_folders.collect`. Pixels go
    through a file, so that a large data set does not fill the memory.

    Raises:
        BadDataset: not a data set; nothing is kept then.
        OverQuota: this person has no room left; nothing is kept then either.
        NotPossible: the disk is full; so it is with these.
    """
    options = {
        "size": size,
        "channels": channels,
        "how": how,
        "report": report,
        "check_cancelled": check_cancelled,
    }
    identifier = storage.new_id()
    with tempfile.TemporaryFile(dir=storage.area("uploads")) as space:
        options["allocate"] = partial(_pixels_in, space)
        if isinstance(source, Path) and source.is_dir():
            found = collect(members_of(source), **options)
        else:
            with open_members(source) as members:
                found = collect(members, **options)
        with (
            quotas.room(owner, found.pixels.nbytes),
            storage.publish("uploads", identifier) as folder,
        ):
            _write(folder, found, filename, owner)
    return identifier


def _pixels_in(space: BinaryIO, shape: tuple[int, ...]) -> np.ndarray:
    """An array in a file whose room on the disk is taken beforehand: raises OSError on a full disk,
    where writing into it later would end the process."""
    os.posix_fallocate(space.fileno(), 0, max(1, int(np.prod(shape))))
    return np.memmap(space, np.uint8, "r+", shape=shape)


def _save(path: Path, array: np.ndarray) -> None:
    """``np.save`` that says why it fails: NumPy's own error on a full disk does not."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=False)
    path.write_bytes(content.getvalue())


def _write(folder: Path, found: Collected, filename: str, owner: str) -> None:
    counts = {}
    for split in SPLITS:
        chosen = found.indices(split)
        shape = (len(chosen), *found.pixels.shape[1:])
        # Written, not mapped: on a full disk a mapped file ends the process.
        with (folder / f"{split}_images.npy").open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for start in range(0, len(chosen), _CHUNK):
                part = found.pixels[chosen[start : start + _CHUNK]]
                file.write(np.ascontiguousarray(part).data)
        labels = found.labels[chosen]
        _save(folder / f"{split}_labels.npy", labels)
        _save(folder / f"{split}_sizes.npy", found.sizes[chosen])
        counts[split] = np.bincount(labels, minlength=len(found.class_names)).tolist()
    title = Path(filename.replace("\\", "/")).name
    uploads.write_meta(
        folder,
        kind=KIND,
        owner=owner,
        title=(title[:-4] if title.lower().endswith(".zip") else title)[:80],
        class_names=found.class_names,
        counts=counts,
        shape=found.pixels.shape[1:],
        skipped=[(s.name, s.reason) for s in found.skipped[:MAX_SKIPPED]],
        skipped_in_all=len(found.skipped),
    )


def describe_imported(identifier: str) -> Imported:
    """What is known of an imported data set; raises NotFound."""
    meta = uploads.meta(identifier)
    if meta["kind"] != KIND:
        raise NotFound("This upload is not a data set.")
    return Imported(
        identifier,
        AsTyped(meta["title"]),
        tuple(map(AsTyped, meta["class_names"])),
        {split: tuple(n) for split, n in meta["counts"].items()},
        tuple(meta["shape"]),
        tuple(Skipped(*s) for s in meta["skipped"]),
        meta["skipped_in_all"],
        meta["owner"],
        meta["created"],
    )


def list_imported(owner: str = storage.LOCAL_OWNER) -> list[Imported]:
    """Everything an owner imported, the newest first."""
    found = []
    for folder in storage.area("uploads").iterdir():
        try:
            described = describe_imported(folder.name)
        except (NotFound, OSError, json.JSONDecodeError):
            continue  # another kind of upload, or one that is being deleted
        if described.owner == owner:
            found.append(described)
    return sorted(found, key=lambda d: -d.created)


def delete_imported(identifier: str, owner: str = storage.LOCAL_OWNER) -> None:
    """Delete a data set that the owner imported; raises NotFound."""
    if describe_imported(identifier).owner != owner:
        raise NotFound("There is no data set of yours under this name.")
    storage.remove(storage.entry("uploads", identifier))


def load_imported(identifier: str, split: str, size: tuple[int, int] | None = None) -> Dataset:
    """One split; the pixels are read from disk as they are used. Raises NotFound, BadInput.

    ``size`` (h, w), where it differs from the one they were kept in, brings them to it.
    """
    described = describe_imported(identifier)
    check_split(split)
    folder = storage.entry("uploads", identifier)
    belongings.touch(folder)
    pixels = np.load(folder / f"{split}_images.npy", mmap_mode="r", allow_pickle=False)
    labels = np.load(folder / f"{split}_labels.npy", allow_pickle=False)
    pixels = pixels.view(np.ndarray)
    if size and size != described.shape[:2]:
        pixels = np.stack([images.fit(i, size, i.shape[2]) for i in pixels])
    return Dataset(
        described.title,
        split,
        pixels,
        labels,
        described.class_names,
        described.title,
        described.skipped,
    )


def original_sizes(identifier: str, split: str) -> np.ndarray | None:
    """(n, 2) heights and widths the images of a split came in; None where that was not kept.

    Raises NotFound, BadInput.
    """
    describe_imported(identifier)
    check_split(split)
    file = storage.entry("uploads", identifier) / f"{split}_sizes.npy"
    return np.load(file, allow_pickle=False) if file.exists() else None
