"""A data set from a folder of class folders on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cnnviz.datasets.class_folders import SIZE, CheckCancelled, Member, Report, collect
from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadDataset, BadImage
from cnnviz.texts import N_

MAX_FILE_BYTES = 64 << 20


def read_folder(
    path: str | Path,
    size: tuple[int, int] = SIZE,
    channels: int | None = None,
    how: str = "crop",
    *,
    report: Report | None = None,
    check_cancelled: CheckCancelled | None = None,
) -> dict[str, Dataset]:
    """The splits ``train``, ``val`` and ``test`` of a folder, images brought to ``size`` (h, w).

    Which folders are understood, and the other arguments: :mod:`cnnviz.datasets.class_folders`.

    Raises:
        BadDataset: the folder is not a data set.
    """
    path = Path(path)
    return collect(
        members_of(path),
        size=size,
        channels=channels,
        how=how,
        report=report,
        check_cancelled=check_cancelled,
    ).datasets(path.name, path.name)


def members_of(path: Path) -> Iterator[Member]:
    """Everything below a folder; links to folders are not followed. Raises BadDataset."""
    if not path.is_dir():
        raise BadDataset("There is no folder “{name}”.", name=path.name[:80])
    for folder, names, files in os.walk(path):
        parts = Path(folder).relative_to(path).parts
        for name in names:
            yield Member((*parts, name))
        for name in files:
            yield Member((*parts, name), partial(_bytes, Path(folder, name)))


def _bytes(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would be waited for without end
            raise BadImage(N_("This file cannot be read."))
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadImage(N_("This file is larger than 64 MB."))
        return path.read_bytes()
    except OSError:
        raise BadImage(N_("This file cannot be read.")) from None
