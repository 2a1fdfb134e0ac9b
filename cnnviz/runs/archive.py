"""A run as a zip to take home, written while it is read: a run may be larger than the memory.

What goes in is named here, so that nothing else ever does: not the owner, whose id lets nobody in
but is nobody's business, no locks, no state to resume from, no log with this machine's paths.
"""

from __future__ import annotations

import io
import json
import os
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from cnnviz.datasets.bundled import DATASETS
from cnnviz.runs import events, trials
from cnnviz.runs.run import CARD, CONFIG, OUTCOME, Run

_WANTED = (OUTCOME, events.FILE, "model.keras", "checkpoints/*.npz")
_WANTED += ("insights/*.json", "tensorboard/**/*", trials.SEARCH, trials.FILE)
_SQUEEZED = (".json", ".jsonl")  # the rest is compressed already, or does not get smaller
_CHUNK = 1 << 20  # bytes read at once


def file_name(run: Run, title: str) -> str:
    """What to save it as: ``title`` in letters that every file system takes, the day, ``.zip``."""
    return f"{_stem(run, title)}.zip"


def stream(run: Run, title: str) -> Iterator[bytes]:
    """The zip piece by piece; everything lies in one folder named like the file.

    Works while the run is at work: each file is as it was when its turn came.
    """
    sink = _Sink()
    stem = _stem(run, title)
    with zipfile.ZipFile(sink, "w", allowZip64=True) as archive:
        archive.writestr(_entry(f"{stem}/{CONFIG}", time.time()), _config(run))
        if card := _card(run):
            archive.writestr(_entry(f"{stem}/{CARD}", time.time()), card)
        for path in _files(run.folder):
            name = f"{stem}/{path.relative_to(run.folder).as_posix()}"
            yield from _add(archive, sink, path, name)
    yield sink.take()


def _add(archive: zipfile.ZipFile, sink: _Sink, path: Path, name: str) -> Iterator[bytes]:
    try:
        file = path.open("rb")
    except FileNotFoundError:  # thinned out or deleted meanwhile
        return
    with file:
        entry = _entry(name, os.fstat(file.fileno()).st_mtime)
        with archive.open(entry, "w", force_zip64=True) as target:
            while chunk := file.read(_CHUNK):
                target.write(chunk)
                yield sink.take()


def _entry(name: str, changed: float) -> zipfile.ZipInfo:
    """A file to be written; zips know no time before 1980, where some clocks begin."""
    entry = zipfile.ZipInfo(name, max(time.localtime(changed)[:6], (1980, 1, 1, 0, 0, 0)))
    entry.compress_type = zipfile.ZIP_DEFLATED if name.endswith(_SQUEEZED) else zipfile.ZIP_STORED
    return entry


def _files(folder: Path) -> list[Path]:
    found = [path for pattern in _WANTED for path in sorted(folder.glob(pattern))]
    return [p for p in found if p.is_file() and not p.name.startswith(".")]


def _config(run: Run) -> str:
    """The settings, under the name of today; a data set of this machine without its folder.

    Of a data set that a person brought, only that: with its id, whoever has a training's link would
    have its images too.
    """
    dataset = str(run.config.get("dataset", ""))
    if dataset.startswith("upload:"):
        dataset = "upload"
    elif dataset not in DATASETS:
        dataset = dataset.replace("\\", "/").rstrip("/").rpartition("/")[2]
    config = {**run.config, "dataset": dataset, "title": run.title}
    return json.dumps(config, indent=1, ensure_ascii=False)


def _card(run: Run) -> str | None:
    """The card of its network, where it has one; own data sets as in the settings."""
    try:
        card = json.loads((run.folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    for measured in card.get("accuracy", ()):
        if str(measured.get("dataset", "")).startswith("upload:"):
            measured["dataset"] = "upload"
    return json.dumps(card, indent=1, ensure_ascii=False)


def _stem(run: Run, title: str) -> str:
    name = re.sub(r"[^\w.]+", "-", title)[:60].strip("-._").lower()
    day = time.strftime("%Y-%m-%d", time.localtime(run.created))
    return f"{name or 'training'}-{day}"


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken; cannot be sought, like a connection."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
