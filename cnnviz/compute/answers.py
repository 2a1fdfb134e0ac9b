"""Answers that are known already: shipped with a model, asked a moment ago, or kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
import time
import zlib
from collections import OrderedDict
from pathlib import Path

from cnnviz import storage
from cnnviz.compute.metrics import CACHE
from cnnviz.errors import CnnvizError
from cnnviz.models.references import ModelReference

SHIPPED_FOLDER = "answers"
MEMORY_BYTES = 96 * 2**20
DISK_BYTES = 512 * 2**20  # unless $CNNVIZ_CACHE_MB says otherwise
SETTING = "CNNVIZ_CACHE_MB"
LARGEST = 8 * 2**20  # an answer above this is not kept
_LEFTOVER_S = 600.0  # what is being written for so long was left by a killed process

_log = logging.getLogger("cnnviz.compute")


class AnswerCache:
    """Looks for answers in the shipped model's folder, in memory, and under ``$CNNVIZ_HOME``.

    Answers are bytes of the codec. Bounded in memory and on disk; what was not used for longest
    goes first. Safe between threads, and between processes on one disk: files appear whole.
    """

    def __init__(
        self,
        folder: Path | None = None,
        memory_bytes: int = MEMORY_BYTES,
        disk_bytes: int | None = None,
    ) -> None:
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._disk_bytes = disk_limit() if disk_bytes is None else disk_bytes
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._in_memory = 0
        self._on_disk: int | None = None  # known after the first look
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """Where answers are kept on disk."""
        if self._folder is None:
            self._folder = storage.area("cache") / "answers"
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def get(self, key: str, parameters: dict) -> bytes | None:
        """The kept answer, or None. A damaged file counts as none."""
        with self._lock:
            answer = self._memory.get(key)
            if answer is not None:
                self._memory.move_to_end(key)
                CACHE.labels("memory").inc()
                return answer
        places = {"disk": self.folder / f"{key}.bin"}
        shipped = shipped_answers(parameters.get("model"))
        if shipped is not None:
            places = {"shipped": shipped / f"{key}.bin", **places}
        for place, path in places.items():
            answer = _read(path, ours=place == "disk")
            if answer is not None:
                self.remember(key, answer)
                CACHE.labels(place).inc()
                return answer
        CACHE.labels("none").inc()
        return None

    def size(self, place: str) -> int:
        """Bytes kept in ``memory`` or on ``disk``."""
        with self._lock:
            if place == "disk" and self._on_disk is None:
                self._on_disk = _trim(self.folder, self._disk_bytes)
            return self._in_memory if place == "memory" else self._on_disk

    def remember(self, key: str, answer: bytes) -> None:
        """Keep an answer in memory, unless it is too large."""
        if len(answer) > LARGEST:
            return
        with self._lock:
            self._in_memory += len(answer) - len(self._memory.pop(key, b""))
            self._memory[key] = answer
            while self._in_memory > self._memory_bytes:
                _, oldest = self._memory.popitem(last=False)
                self._in_memory -= len(oldest)

    def write(self, key: str, answer: bytes) -> None:
        """Keep an answer on disk, unless it is too large or the disk is full."""
        if len(answer) > LARGEST:
            return
        packed = pack(answer)
        try:
            storage.write_whole(self.folder / f"{key}.bin", packed)
        except OSError:
            return
        with self._lock:
            if self._on_disk is not None:
                self._on_disk += len(packed)
            if self._on_disk is None or self._on_disk > self._disk_bytes:
                self._on_disk = _trim(self.folder, self._disk_bytes)


def disk_limit() -> int:
    """``$CNNVIZ_CACHE_MB`` in bytes if it is a number up to a million, else ``DISK_BYTES``."""
    wanted = os.environ.get(SETTING, "")
    return int(wanted) * 10**6 if wanted.isdecimal() and int(wanted) <= 10**6 else DISK_BYTES


def answer_key(name: str, version: int, parameters: dict) -> str:
    """What an answer is kept under: it changes when question, parameters or model change.

    Raises:
        CnnvizError: the model that the parameters name is not there.
    """
    parts: list = [name, version, parameters]
    if isinstance(parameters.get("model"), str):
        reference = ModelReference.parse(parameters["model"])
        parts = [name, version, {**parameters, "model": str(reference)}, reference.fingerprint]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def pack(answer: bytes) -> bytes:
    """The content of an answer's file."""
    return zlib.compress(answer, 6)


def shipped_answers(reference: object) -> Path | None:
    """The folder of precomputed answers of a shipped model; None for other models."""
    if not isinstance(reference, str):
        return None
    try:
        parsed = ModelReference.parse(reference)
        return parsed.folder / SHIPPED_FOLDER if parsed.kind == "shipped" else None
    except CnnvizError:
        return None


def _read(path: Path, ours: bool) -> bytes | None:
    """The answer in a file; None where there is none. A damaged one goes if it is ours."""
    try:
        packed = path.read_bytes()
    except OSError:
        return None
    try:
        answer = _unpacked(packed)
    except (zlib.error, ValueError):
        CACHE.labels("damaged").inc()
        _log.warning("A kept answer is damaged; it is made again")
        if ours:
            with contextlib.suppress(OSError):
                path.unlink()
        return None
    with contextlib.suppress(OSError):  # shipped answers may be read-only
        path.touch()
    return answer


def _unpacked(packed: bytes) -> bytes:
    """Raises zlib.error or ValueError unless all of it is what ``pack`` made (an Adler-32 sum is
    checked), and no larger than what is kept."""
    unpacking = zlib.decompressobj()
    answer = unpacking.decompress(packed, LARGEST + 1)
    if not unpacking.eof or unpacking.unused_data or len(answer) > LARGEST:
        raise ValueError("it breaks off, goes on, or is too large")
    return answer


def _trim(folder: Path, limit: int) -> int:
    """Delete what was not used for longest until a tenth of the limit is free again.

    Returns the bytes left. Another process may delete the same files meanwhile. What processes that
    were killed had begun to write goes as well.
    """
    files = []
    for path in folder.glob(".new-*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _LEFTOVER_S:
                path.unlink()
    for path in folder.glob("*.bin"):
        try:
            state = path.stat()
        except OSError:
            continue
        files.append((state.st_mtime_ns, state.st_size, path))
    total = sum(size for _, size, _ in files)
    if total <= limit:
        return total
    for _, size, path in sorted(files):
        if total <= 0.9 * limit:
            break
        path.unlink(missing_ok=True)
        total -= size
    return total
