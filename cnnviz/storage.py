"""Where things are kept, under which names, and how a folder appears whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnviz.errors import NotFound, NotPossible

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "trained_models"
KINDS = ("models", "runs", "uploads", "cache", "marks", "class_maps")
_FORGOTTEN_S = 24 * 3600  # whatever is still being made after that is made by nobody
LOCAL_OWNER = "local"  # the library, the terminal, and a server without owner cookies

_ID = re.compile(r"[0-9a-f]{24}")


def home() -> Path:
    """``$CNNVIZ_HOME`` (default: ``workspace/`` in the project), made when it is missing."""
    path = Path(os.environ.get("CNNVIZ_HOME") or ROOT / "workspace")
    path.mkdir(parents=True, exist_ok=True)
    return path


def area(kind: str) -> Path:
    """The folder for one of ``KINDS``, made when it is missing."""
    if kind not in KINDS:
        raise ValueError(f"unknown kind of storage {kind!r}")
    path = home() / kind
    path.mkdir(exist_ok=True)
    return path


def new_id() -> str:
    """An id that cannot be guessed: 24 hexadecimal digits."""
    return secrets.token_hex(12)


def is_id(text: str) -> bool:
    """Whether this could be an id that :func:`new_id` made."""
    return _ID.fullmatch(text) is not None


def entry(kind: str, identifier: str) -> Path:
    """The folder of an existing entry. An id is checked, so that it can never be a path.

    Raises:
        NotFound: the id is malformed or nothing is kept under it.
    """
    if is_id(identifier):
        path = area(kind) / identifier
        if path.is_dir():
            return path
    raise NotFound("There is nothing kept under “{name}” (any more).", name=identifier[:40])


@contextmanager
def publish(kind: str, identifier: str) -> Iterator[Path]:
    """Fill a temporary folder; on leaving it becomes the entry at once, or not at all.

    Yields the temporary folder. Files are flushed to disk before the rename.
    """
    target = area(kind) / identifier
    temporary = area(kind) / f".new-{identifier}"
    temporary.mkdir()
    try:
        yield temporary
        for path in [*temporary.rglob("*"), temporary]:
            _flush(path)
        temporary.rename(target)
        _flush(target.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


@contextmanager
def needing_room() -> Iterator[None]:
    """Raise NotPossible, with a sentence, where the disk is full; also a decorator."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise NotPossible("The disk is full. Delete old trainings, then try again.") from error


def remove(folder: Path) -> None:
    """Delete an entry: at once out of everybody's sight, so that nobody finds half of it."""
    gone = folder.with_name(f".gone-{folder.name}")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def clear_away() -> int:
    """Remove what processes that were killed left: half deleted entries, and half made old ones.

    Looks into entries too, where a file may have been about to be replaced. Returns how many
    files and folders it removed.
    """
    left = [path for kind in KINDS for path in area(kind).iterdir() if path.name[:6] == ".gone-"]
    made = [path for kind in KINDS for path in area(kind).glob("**/.new-*")]
    made += [*home().glob(".new-*"), *home().glob("queue/**/.new-*")]
    left += [path for path in made if _age(path) > _FORGOTTEN_S]
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left)


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file so that readers see the old or the new content, never a part."""
    temporary = path.with_name(f".new-{path.name}-{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(data)
        _flush(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _age(path: Path) -> float:
    """Seconds since it was changed."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
