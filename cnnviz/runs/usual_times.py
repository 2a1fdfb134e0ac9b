"""How long a training like this one usually takes here, from the runs that have ended.

Epochs take equally long, so runs with other numbers of epochs count too.
"""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path

from cnnviz import storage
from cnnviz.errors import NotFound
from cnnviz.runs.run import Run

LOOK_EVERY_S = 10.0  # for runs that have ended meanwhile
RECENT = 5  # of a kind; the machine may have been busier long ago
_ALIKE = ("dataset", "architecture", "limit", "complete", "batch_size")

Kind = tuple


class _Times:
    """Seconds an epoch of ended runs by kind. A run is read once; it does not change any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._home: Path | None = None
        self._until = 0.0
        self._ended: dict[str, tuple[Kind, float, float] | None] = {}

    def of(self, kind: Kind) -> list[float]:
        """Seconds an epoch of the last runs of a kind."""
        with self._lock:
            home = storage.home()
            if home != self._home:
                self._home, self._until, self._ended = home, 0.0, {}
            if time.monotonic() > self._until:
                self._look()
                self._until = time.monotonic() + LOOK_EVERY_S
            same = sorted(e[1:] for e in self._ended.values() if e and e[0] == kind)
        return [seconds for _when, seconds in same[-RECENT:]]

    def _look(self) -> None:
        there = {path.name for path in storage.area("runs").iterdir()}
        for run_id in self._ended.keys() - there:
            del self._ended[run_id]
        for run_id in there - self._ended.keys():
            try:
                run = Run(run_id)
            except NotFound:
                continue
            if outcome := run.outcome:
                self._ended[run_id] = _measured(run, outcome)


_times = _Times()


def seconds_an_epoch(kind: Kind) -> float | None:
    """What an epoch of this kind of training usually takes; None when none has ended yet."""
    found = _times.of(kind)
    return statistics.median(found) if found else None


def kind_of(config: dict) -> Kind:
    """What decides how long an epoch takes: equal for settings that take equally long."""
    parameters = config.get("parameters") or {}
    settings = tuple(sorted((name, str(value)) for name, value in parameters.items()))
    devices = config.get("devices", "one")  # older runs do not say
    return (*(config.get(name) for name in _ALIKE), devices, settings)


def _measured(run: Run, outcome: dict) -> tuple[Kind, float, float] | None:
    epochs, seconds = outcome.get("epoch"), outcome.get("seconds")
    if (
        run.search is not None
        or outcome["status"] not in ("finished", "stopped")
        or not epochs
        or not seconds
    ):
        return None
    return kind_of(run.config), float(outcome.get("time", 0.0)), seconds / epochs
