"""What people bring, kept as files under an id: workers and links get the id, never the bytes."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np

from cnnviz import belongings, images, quotas, storage
from cnnviz.errors import NotFound

IMAGE = "image.png"
META = "meta.json"


@storage.needing_room()
def save_image(data: bytes, owner: str = storage.LOCAL_OWNER) -> str:
    """Decode a stranger's image and keep its pixels; returns the upload's id.

    Raises:
        BadImage: see :func:`cnnviz.images.decode`.
        OverQuota: this person has no room left.
        NotPossible: the disk is full.
    """
    png = images.encode_png(images.decode(data))
    identifier = storage.new_id()
    with quotas.room(owner, len(png)), storage.publish("uploads", identifier) as folder:
        (folder / IMAGE).write_bytes(png)
        write_meta(folder, kind="image", owner=owner)
    return identifier


def load_image(identifier: str, use: bool = True) -> np.ndarray:
    """The pixels (h, w, 1 or 3) uint8 of an uploaded image; raises NotFound.

    ``use``: this counts as looking at it, so that it is kept for longer.
    """
    try:
        path = storage.entry("uploads", identifier) / IMAGE
    except NotFound:
        raise NotFound(
            "This uploaded image is not kept (any more): it was deleted, or nobody had opened it "
            "for a long time."
        ) from None
    if not path.is_file():
        raise NotFound("This upload is not an image.")
    if use:
        belongings.touch(path.parent)
    return images.decode(path.read_bytes())


@storage.needing_room()
def save_file(
    data: bytes, filename: str, owner: str = storage.LOCAL_OWNER, kind: str = "model"
) -> str:
    """Keep a file as it came; returns the upload's id. ``filename`` is text to show, no path.

    Raises:
        OverQuota: this person has no room left.
        NotPossible: the disk is full.
    """
    identifier = storage.new_id()
    with quotas.room(owner, len(data)), storage.publish("uploads", identifier) as folder:
        (folder / "file").write_bytes(data)
        write_meta(folder, kind=kind, owner=owner, filename=filename[:200])
    return identifier


def delete(identifier: str, owner: str) -> None:
    """Delete what this person brought; raises NotFound."""
    if meta(identifier)["owner"] != owner:
        raise NotFound("There is nothing of yours under this name.")
    storage.remove(storage.entry("uploads", identifier))


def file_of(identifier: str) -> Path:
    """Where the bytes of an uploaded file lie; raises NotFound."""
    path = storage.entry("uploads", identifier) / "file"
    if not path.is_file():
        raise NotFound("This upload is not a file.")
    belongings.touch(path.parent)
    return path


def meta(identifier: str) -> dict:
    """``kind``, ``owner``, ``created`` (seconds) and, for files, ``filename``; raises NotFound."""
    return json.loads((storage.entry("uploads", identifier) / META).read_text(encoding="utf-8"))


def write_meta(folder: Path, **fields: object) -> None:
    """Note what an upload is: JSON values, and the time."""
    (folder / META).write_text(
        json.dumps({**fields, "created": time.time()}, ensure_ascii=False), encoding="utf-8"
    )
