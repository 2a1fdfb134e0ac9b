"""A data set from a zip of class folders: streamed, never unpacked to disk.

A zip is a stranger's. Refused are absolute paths, ``..``, links, passwords, and more than
``MAX_ENTRIES`` entries, ``MAX_ENTRY_BYTES`` in one of them, ``MAX_TOTAL_BYTES`` in all, or
``MAX_RATIO`` times the size of the zip. Sizes are the declared ones: reading stops there.
"""

from __future__ import annotations

import io
import mmap
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cnnviz.datasets.class_folders import (
    SIZE,
    CheckCancelled,
    Contents,
    Member,
    Report,
    collect,
    contents,
)
from cnnviz.datasets.dataset import Dataset
from cnnviz.datasets.zip_names import names_of
from cnnviz.errors import BadDataset, BadImage
from cnnviz.texts import N_

MAX_ENTRIES = 100_000
MAX_ENTRY_BYTES = 64 << 20
MAX_TOTAL_BYTES = 4 << 30
MAX_RATIO = 100
_FREE_BYTES = 16 << 20  # a small zip may be dense: drawings shrink a thousandfold

_DAMAGED = N_("This file is damaged inside the zip.")
_ENTRY = re.compile(rb"PK\x01\x02")
_ENCRYPTED = 0x1  # flag bit of an entry


def read_zip(
    source: str | Path | bytes,
    size: tuple[int, int] = SIZE,
    channels: int | None = None,
    how: str = "crop",
    *,
    name: str = "",
    report: Report | None = None,
    check_cancelled: CheckCancelled | None = None,
) -> dict[str, Dataset]:
    """The splits ``train``, ``val`` and ``test`` of a zip, images brought to ``size`` (h, w).

    ``source`` is a path or the bytes. Which folders are understood, and the other arguments:
    :mod:`cnnviz.datasets.class_folders`.

    Raises:
        BadDataset: not a zip, a hostile one, or not a data set.
    """
    name = name or ("" if isinstance(source, bytes) else Path(source).name)
    with open_members(source) as members:
        return collect(
            members,
            size=size,
            channels=channels,
            how=how,
            report=report,
            check_cancelled=check_cancelled,
        ).datasets(name, name)


def look_into(source: str | Path | bytes) -> Contents:
    """The classes of a zip and how many files each has; nothing is unpacked. Raises BadDataset."""
    with open_members(source) as members:
        return contents(members)


@contextmanager
def open_members(source: str | Path | bytes) -> Iterator[list[Member]]:
    """The entries of a zip, readable while it is open. Raises BadDataset."""
    _check_entries(source)
    try:
        archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError):
        raise BadDataset(
            "This is not a zip file, or only a part of one. Pack the folders as .zip and try again."
        ) from None
    with archive:
        entries = archive.infolist()
        length = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
        total = sum(e.file_size for e in entries)
        if total > MAX_TOTAL_BYTES or total > max(_FREE_BYTES, length * MAX_RATIO):
            raise BadDataset(
                "Unpacked, this zip would be {size} MB: too much. Leave some images out, or make "
                "them smaller.",
                size=round(total / 1e6),
            )
        named = zip(entries, names_of(entries), strict=True)
        yield [member for e, name in named if (member := _member(archive, e, name))]


def _check_entries(source: str | Path | bytes) -> None:
    """Count the entries before Python makes an object of each."""
    if isinstance(source, bytes):
        count = source.count(b"PK\x01\x02")
    else:
        try:
            with (
                Path(source).open("rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
            ):
                count = sum(1 for _ in _ENTRY.finditer(content))
        except (OSError, ValueError):  # missing, a folder, or empty
            count = 0
    if count > MAX_ENTRIES:
        raise BadDataset("This zip has more than {most} entries.", most=MAX_ENTRIES)


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Member | None:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if name.startswith(("/", "\\")) or ".." in parts or re.match(r"[A-Za-z]:", name):
        raise BadDataset(
            "This zip has an entry that points out of it, “{name}”. Pack the folders again.",
            name=name[:80],
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise BadDataset(
            "This zip has a link in it, “{name}”. Pack the files themselves.", name=name[:80]
        )
    if entry.flag_bits & _ENCRYPTED:
        raise BadDataset("This zip has a password. Pack the folders again without one.")
    if not parts:
        return None
    return Member(tuple(parts), None if entry.is_dir() else partial(_bytes, archive, entry))


def _bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.file_size > MAX_ENTRY_BYTES:
        raise BadImage(N_("This file is larger than 64 MB."))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks the other kinds without a limit on memory.
        raise BadImage(N_("This file is packed in an unusual way. Pack it as a plain zip."))
    try:
        with archive.open(entry) as file:
            # With a number zipfile unpacks no more than that, whatever is really inside.
            return file.read(entry.file_size)
    except Exception:
        # zipfile raises BadZipFile, zlib.error, EOFError, struct.error … on damaged entries
        raise BadImage(_DAMAGED) from None
