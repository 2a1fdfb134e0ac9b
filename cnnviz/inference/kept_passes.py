"""What a network made of a data set, kept on disk: each image is looked at once, by whoever asks.

For every model and split there is a folder under ``cache/passes/``: ``answers.f32`` holds the
probabilities of all images of the split, ``<layer>.f16`` the features of a layer, one row an image;
``<file>.seen`` has a byte for each row that has been filled. A question about part of a split fills
the rows that are missing, so a pass that was cancelled or killed goes on where it was, and what one
page has looked at, all others find. Rows are filled before they are marked as seen.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from cnnviz import storage
from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput, NotPossible
from cnnviz.inference.layers import output_shape
from cnnviz.inference.passes import Pass, Report, batches
from cnnviz.inference.pooling import pooled_size
from cnnviz.models.model import Model

DISK_BYTES = 2 * 2**30  # of all passes together; what was not used for longest goes first
SETTLE_S = 1.0  # so much work at most is lost when the process dies
_ANSWERS = "answers.f32"
_PROBES = 16  # images whose pixels tell one data set from another of the same labels


@storage.needing_room()
def look(
    model: Model,
    model_key: str,
    dataset: Dataset,
    rows: np.ndarray | None = None,
    layers: Sequence[str] = (),
    pooling: str = "mean",
    report: Report | None = None,
    check_cancelled: Callable[[], None] | None = None,
    disk_bytes: int = DISK_BYTES,
    only_kept: bool = False,
) -> Pass:
    """What a network makes of images, from disk where it has seen them already.

    Args:
        model: the network.
        model_key: changes when the model's answers do (``str(reference) + fingerprint``).
        dataset: one whole split.
        rows: (n,) places of the wanted images in it, without repetition; all when None.
        layers: layers whose features are wanted.
        pooling: ``mean`` over positions, or ``flat``.
        report: called with the fraction done of what is left to do.
        check_cancelled: called before every batch; ends the pass by raising. What was done is kept.
        disk_bytes: what all kept passes may take together.
        only_kept: look at nothing new; for answers that are wanted at once or not at all.

    Returns:
        A Pass in the order of ``rows``: probabilities float32, features float16. Where all rows are
        asked for, these are views of files, read as they are used.

    Raises:
        NotFound: there is no such layer.
        BadInput: there are no images.
        NotPossible: the disk is full, or ``only_kept`` and an image was not looked at yet.
    """
    rows = np.arange(len(dataset)) if rows is None else np.asarray(rows)
    if len(rows) == 0:
        raise BadInput("The data set has no images.")
    folder = _folder(model_key, dataset)
    count = len(dataset)
    tables = {_ANSWERS: _Table(folder / _ANSWERS, count, model.ending.classes, np.float32)}
    for name in layers:
        width = pooled_size(output_shape(model.keras_model, name), pooling)
        tables[name] = _Table(folder / _file_of(name, pooling), count, width, np.float16)
    with contextlib.ExitStack() as stack:
        for table in tables.values():
            stack.enter_context(table)
        missing = rows[~np.all([t.seen(rows) for t in tables.values()], axis=0)]
        if only_kept and len(missing):
            raise NotPossible("The network has not looked at all of these images yet.")
        pieces = batches(
            model,
            dataset.images,
            np.sort(missing),
            layers,
            pooling=pooling,
            report=report,
            check_cancelled=check_cancelled,
        )
        for part, found in pieces:
            for name, table in tables.items():
                table.fill(part, found.probabilities if name == _ANSWERS else found.features[name])
        if len(missing):
            _trim(folder, disk_bytes)
        values = {name: table.read(rows) for name, table in tables.items()}
    return Pass(values.pop(_ANSWERS), values)


class _Table:
    """Rows of numbers in a file, and which of them are filled."""

    def __init__(self, path: Path, rows: int, columns: int, dtype: type) -> None:
        self._path, self._flags = path, path.with_name(path.name + ".seen")
        self._shape, self._dtype = (rows, columns), np.dtype(dtype)

    def __enter__(self) -> _Table:
        _make(self._path, self._shape[0] * self._shape[1] * self._dtype.itemsize)
        _make(self._flags, self._shape[0])
        self._values = self._path.open("r+b", buffering=0)
        self._marks = self._flags.open("r+b", buffering=0)
        self._seen = np.fromfile(self._flags, np.uint8) == 1
        self._unmarked: list[np.ndarray] = []
        self._settled = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.settle()
        finally:
            self._values.close()
            self._marks.close()

    def seen(self, rows: np.ndarray) -> np.ndarray:
        return self._seen[rows]

    def fill(self, rows: np.ndarray, values: np.ndarray) -> None:
        """Write ascending rows; they are marked a little later. Written, not mapped: a full disk
        is an error then, and not the end of the process."""
        if self._dtype == np.float16:
            values = np.clip(values, -65504, 65504)
        values = np.ascontiguousarray(values, self._dtype)
        width = values.shape[1] * self._dtype.itemsize
        breaks = np.flatnonzero(np.diff(rows) != 1) + 1
        for part, block in zip(np.split(rows, breaks), np.split(values, breaks), strict=True):
            _write(self._values, int(part[0]) * width, block.tobytes())
        self._unmarked += np.split(rows, breaks)
        if time.monotonic() - self._settled >= SETTLE_S:
            self.settle()

    def settle(self) -> None:
        """Mark the rows that were written, once the disk has them. It takes milliseconds each
        time, as long as a small network takes for a batch: hence not after every one."""
        if self._unmarked:
            os.fdatasync(self._values.fileno())
            for part in self._unmarked:
                _write(self._marks, int(part[0]), b"\x01" * len(part))
            self._unmarked = []
        self._settled = time.monotonic()

    def read(self, rows: np.ndarray) -> np.ndarray:
        whole = np.memmap(self._values, self._dtype, "r", shape=self._shape).view(np.ndarray)
        everything = len(rows) == len(whole) and np.array_equal(rows, np.arange(len(whole)))
        return whole if everything else whole[rows]


def _folder(model_key: str, dataset: Dataset) -> Path:
    """The folder of a model's passes over a split, named after the content of both."""
    digest = hashlib.sha256(model_key.encode())
    digest.update(f"{dataset.split} {len(dataset)} {dataset.images.shape[1:]}".encode())
    digest.update(np.ascontiguousarray(dataset.labels).tobytes())
    for place in np.linspace(0, len(dataset) - 1, _PROBES).astype(int):
        digest.update(np.ascontiguousarray(dataset.images[place]).tobytes())
    folder = storage.area("cache") / "passes" / digest.hexdigest()[:24]
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)  # used just now
    return folder


def _file_of(layer: str, pooling: str) -> str:
    return hashlib.sha256(f"{layer} {pooling}".encode()).hexdigest()[:24] + ".f16"


def _make(path: Path, size: int) -> None:
    """A file of this size; new bytes are 0. Whoever else makes it at this moment gets the same."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if os.fstat(descriptor).st_size != size:
            os.ftruncate(descriptor, size)
    finally:
        os.close(descriptor)


def _write(file: object, position: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(file.fileno(), view, position)
        view, position = view[written:], position + written


def _trim(used: Path, limit: int) -> None:
    """Delete the passes that were not used for longest until all fit; never the one in use."""
    folders = []
    for folder in used.parent.iterdir():
        with contextlib.suppress(OSError):
            taken = sum(f.stat().st_blocks * 512 for f in folder.iterdir())
            folders.append((folder.stat().st_mtime_ns, taken, folder))
    total = sum(taken for _, taken, _ in folders)
    for _, taken, folder in sorted(folders):
        if total <= limit:
            break
        if folder != used:
            shutil.rmtree(folder, ignore_errors=True)
            total -= taken
