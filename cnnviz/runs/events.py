"""The diary of a run: ``events.jsonl``, one JSON object a line, written once and read by many.

Every event has a ``kind`` and a ``time`` (seconds since 1970). Steps count batches from 1 over the
whole training (0 is the untrained network), epochs count from 1.

================= ================================================================================
``start``         steps_per_epoch, epochs, batch_size, images, val_images, device ("CPU" or "GPU"),
                  device_name, cores, sample_indices (into ``val``), sample_labels, class_names
``batch``         step, epoch, loss, accuracy (of the batches since the last such event),
                  images_per_second, learning_rate, seconds_left; every two seconds also memory
                  (bytes of this process) and gpu_memory (where there is a GPU)
``validation``    step, epoch, loss, accuracy, images
``samples``       step, labels (9), probabilities (9 × classes; in memory 9 float32 arrays)
``epoch``         epoch, step, loss, accuracy (of the whole epoch), val_loss, val_accuracy,
                  learning_rate, seconds
``checkpoint``    label, step
``insight``       label, step: insights/<label>.json is there (of many epochs, only some stay)
``learning_rate`` step, rate, why ("asked", "plateau" or "phase"): it is another one from here on
``phase``         step, epoch, trainable (layers): more of a pretrained network learns from here on
``pause``         step: rests from here on
``resume``        step, epoch, why ("asked", "broke_off", or "longer": a trial that goes on where
                  another one ended), epochs (of the whole training now)
``end``           status, step
================= ================================================================================

In the diary of a search for good settings, a step is an epoch of one of its trials:

================= ================================================================================
``start``         steps_per_epoch (1), epochs (of all trials that are planned)
``trial``         trial (from 1), run (its id), step: it begins, or goes on
``trial_epoch``   trial, step, epoch (of the trial), val_accuracy
``trial_end``     trial, step, status, val_accuracy (None where it has none)
``end``           status, step
================= ================================================================================
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cnnviz import storage
from cnnviz.runs.progress import Event, Progress, summarise

FILE = "events.jsonl"
MAX_KEPT = 20_000  # events of one run in memory; beyond that every second batch event goes
MAX_READERS = 64


class EventWriter:
    """Appends events, each in one write. Threads may share a writer.

    Args:
        folder: of the run.
        on_event: also called with every event, one at a time.
    """

    def __init__(self, folder: Path, on_event: Callable[[Event], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._on_event = on_event
        self._file = (folder / FILE).open("ab", buffering=0)

    def write(self, kind: str, **fields: object) -> None:
        """Append one event; raises OSError (disk full), with the file as it was before."""
        event = {"kind": kind, "time": round(time.time(), 3), **fields}
        line = json.dumps(event, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        with self._lock:
            before = self._file.tell()
            try:
                if self._file.write(line) != len(line):
                    raise OSError(28, "No space left on device")  # ENOSPC: part of it did fit
            except OSError:
                self._file.truncate(before)
                self._file.seek(before)
                raise
            if self._on_event:
                self._on_event(event)

    @property
    def offset(self) -> int:
        """Bytes written so far: where a resumed training goes on."""
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


def cut(folder: Path, offset: int) -> None:
    """Forget the events after ``offset`` bytes.

    The file is replaced, never shortened in place: a reader sees by the new inode that it has to
    begin again, even when the file has grown past its position meanwhile.
    """
    path = folder / FILE
    kept = path.read_bytes()[:offset] if path.exists() else b""
    storage.write_whole(path, kept)


class EventReader:
    """Reads on from where it stopped. A line that is still being written waits for its end."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._position, self._inode = 0, None
        self._last = b""  # line that was read

    def poll(self) -> tuple[list[Event], bool]:
        """The events since the last call, and whether the run was cut back before them.

        After a cut the events begin again with the first.
        """
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return [], False
        with file:
            state = os.fstat(file.fileno())
            restarted = state.st_ino != self._inode or not self._goes_on(file, state.st_size)
            if restarted:
                self._position, self._last = 0, b""
            again = restarted and self._inode is not None
            self._inode = state.st_ino
            if state.st_size == self._position:
                return [], again
            file.seek(self._position)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._position += len(whole)
        lines = whole.splitlines(keepends=True)
        if lines:
            self._last = lines[-1]
        return [e for e in map(_parse, lines) if e], again

    def _goes_on(self, file: BinaryIO, size: int) -> bool:
        """Whether what was read is still there: a file that was cut twice has its old inode."""
        if size <= self._position:
            return size == self._position
        file.seek(self._position - len(self._last))
        return file.read(len(self._last)) == self._last


class SharedEvents:
    """What is known of one run, read once for all viewers of this process.

    Kept small: of a very long run every second batch event is dropped, again and again, so that
    curves keep their shape. Nothing else is ever dropped.
    """

    def __init__(self, folder: Path) -> None:
        self._reader, self._lock = EventReader(folder), threading.Lock()
        self._events: tuple[Event, ...] = ()
        self._version = 0
        self._progress: tuple[int, Progress] = (-1, Progress())

    def snapshot(self) -> tuple[int, tuple[Event, ...]]:
        """(version, events so far). The version changes whenever the events do."""
        with self._lock:
            self._read()
            return self._version, self._events

    def progress(self) -> tuple[int, Progress]:
        """(version, the events as curves and figures), worked out once a version."""
        with self._lock:
            self._read()
            if self._progress[0] != self._version:
                self._progress = self._version, summarise(self._events)
            return self._progress

    def _read(self) -> None:
        new, again = self._reader.poll()
        if new or again:
            self._events = _thin(new if again else [*self._events, *new])
            self._version += 1


_readers: OrderedDict[Path, SharedEvents] = OrderedDict()
_readers_lock = threading.Lock()


def reader_for(run_id: str) -> SharedEvents:
    """The reader of a run that all of this process share; raises NotFound."""
    folder = storage.entry("runs", run_id)
    with _readers_lock:
        reader = _readers.pop(folder, None) or SharedEvents(folder)
        _readers[folder] = reader
        while len(_readers) > MAX_READERS:
            _readers.popitem(last=False)
        return reader


def _thin(events: list[Event]) -> tuple[Event, ...]:
    while len(events) > MAX_KEPT:
        batches, kept = 0, []
        for event in events:
            if event["kind"] == "batch":
                batches += 1
                if batches % 2:
                    continue
            kept.append(event)
        if len(kept) == len(events):
            break
        events = kept
    return tuple(events)


def _parse(line: bytes) -> Event | None:
    """One event, or None for a line that a crash has damaged.

    Sixty-four diaries of a class stay in memory, so they are kept small: names of fields exist
    once, probabilities (most of a diary) take four bytes instead of thirty-two.
    """
    try:
        event = json.loads(line, object_pairs_hook=_interned)
        if isinstance(event, dict) and event.get("kind") == "samples":
            event["probabilities"] = [array("f", row) for row in event["probabilities"]]
    except (ValueError, TypeError, KeyError):
        return None
    return event if isinstance(event, dict) and "kind" in event else None


def _interned(pairs: list[tuple[str, object]]) -> dict[str, object]:
    return {sys.intern(name): value for name, value in pairs}
