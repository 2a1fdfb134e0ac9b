"""Answers that are known already: shipped with a model, asked a moment ago, or kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import zlib
from collections import OrderedDict
from pathlib import Path

from cnnviz import storage
from cnnviz.errors import CnnvizError
from cnnviz.models.references import ModelReference

SHIPPED_FOLDER = "answers"
MEMORY_BYTES = 96 * 2**20
DISK_BYTES = 512 * 2**20
LARGEST = 8 * 2**20  # an answer above this is not kept


class AnswerCache:
    """Looks for answers in the shipped model's folder, in memory, and under ``$CNNVIZ_HOME``.

    Answers are bytes of the codec. Bounded in memory and on disk; what was not used for longest
    goes first. Safe between threads, and between processes on one disk: files appear whole.
    """

    def __init__(
        self,
        folder: Path | None = None,
        memory_bytes: int = MEMORY_BYTES,
        disk_bytes: int = DISK_BYTES,
    ) -> None:
        self._folder = folder
        self._memory_bytes, self._disk_bytes = memory_bytes, disk_bytes
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
                return answer
        places = [self.folder / f"{key}.bin"]
        shipped = shipped_answers(parameters.get("model"))
        if shipped is not None:
            places.insert(0, shipped / f"{key}.bin")
        for path in places:
            answer = _read(path)
            if answer is not None:
                self.remember(key, answer)
                return answer
        return None

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


def _read(path: Path) -> bytes | None:
    try:
        answer = zlib.decompress(path.read_bytes())  # it checks an Adler-32 sum
    except (OSError, zlib.error):
        return None
    with contextlib.suppress(OSError):  # shipped answers may be read-only
        path.touch()
    return answer


def _trim(folder: Path, limit: int) -> int:
    """Delete what was not used for longest until a tenth of the limit is free again.

    Returns the bytes left. Another process may delete the same files meanwhile.
    """
    files = []
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
