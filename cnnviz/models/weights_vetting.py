"""Looking at the weights file (HDF5) of a stranger's network without reading any weights.

HDF5 can refer to other files (external links, external storage, virtual arrays: CVE-2026-1669,
CVE-2026-12480), and can say that an array is enormous while nothing of it is stored
(CVE-2026-0897). Neither is needed for weights.
"""

from __future__ import annotations

from pathlib import Path

import h5py

from cnnviz.errors import BadModel
from cnnviz.models.vetting_words import damaged, shown

MAX_WEIGHTS_BYTES = 1_000_000_000
MAX_ATTRIBUTE_BYTES = 16_000_000
_MAX_OBJECTS = 50_000  # groups and arrays of a weights file
_MAX_TEXTS = 10_000  # in one array: how Keras 2 notes names
_PLAIN = "fiub"  # kinds of numbers that weights are made of


def check_weights(file: h5py.File, path: Path) -> None:
    """Raise BadModel where a weights file refers to other files, or is larger than it looks.

    HDF5's own errors (OSError, RuntimeError, KeyError, ValueError …) are let through.
    """
    objects, size = 0, 0
    waiting: list[h5py.Group] = [file]
    seen = set()
    _check_attributes(file, path)
    while waiting:
        group = waiting.pop()
        for name in group:
            objects += 1
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise _elsewhere(path)
            found = group.get(name)
            if isinstance(found, h5py.Group):
                if found.id in seen or objects > _MAX_OBJECTS:
                    raise damaged(path)
                seen.add(found.id)
                waiting.append(found)
            elif isinstance(found, h5py.Dataset):
                size += _stored(found, path)
            if found is not None:
                _check_attributes(found, path)
            if size > MAX_WEIGHTS_BYTES:
                raise too_heavy(path)


def too_heavy(path: Path) -> BadModel:
    """The error for weights that would fill the memory."""
    return BadModel(
        "The weights in “{name}” would take more than {limit} MB once unpacked; such a network is "
        "too large to be opened here.",
        name=shown(path),
        limit=MAX_WEIGHTS_BYTES // 1_000_000,
    )


def _elsewhere(path: Path) -> BadModel:
    return BadModel(
        "The weights in “{name}” lie in another file, which is not read here. Save the network "
        "with model.save(…).",
        name=shown(path),
    )


def _stored(array: h5py.Dataset, path: Path) -> int:
    if array.external or array.is_virtual:
        raise _elsewhere(path)
    if array.shape is None:  # an array that was declared and never given a size
        return 0
    # Text is how Keras 2 notes names, and how mixed kinds are kept: short or not at all.
    if array.dtype.kind not in _PLAIN and array.size > _MAX_TEXTS:
        raise damaged(path)
    return int(array.size) * max(array.dtype.itemsize, 1)


def _check_attributes(found: h5py.HLObject, path: Path) -> None:
    """Attributes are read whole: a text kept once can be referred to a million times."""
    for name in found.attrs:
        kept = found.attrs.get_id(name)
        count = 1
        for side in kept.shape or ():  # None: declared without a value
            count *= side
        plain = kept.dtype.kind in _PLAIN + "S"
        if count * kept.dtype.itemsize > MAX_ATTRIBUTE_BYTES or (count > _MAX_TEXTS and not plain):
            raise damaged(path)
