"""What people and the system ask of a training while it is at work."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from cnnviz.runs.run import COMMANDS, LEARNING_RATE, PAUSE, STOP

POLL_S = 0.05  # between two looks


class Wishes:
    """Looks for commands between two steps, some times a second.

    Args:
        folder: of the run.
        should_yield: whether the process is to end soon.
        change_rate: called with a new learning rate; when it returns, the wish is fulfilled.
    """

    def __init__(
        self,
        folder: Path,
        should_yield: Callable[[], bool] | None,
        change_rate: Callable[[float], None],
    ) -> None:
        self._folder = folder / COMMANDS
        self._taken = self._folder / f".{LEARNING_RATE}"
        if self._taken.exists() and not (self._folder / LEARNING_RATE).exists():
            self._taken.replace(self._folder / LEARNING_RATE)  # whoever took it was killed
        self._should_yield, self._change_rate = should_yield, change_rate
        self._due = 0.0

    def leave(self, step: int) -> str | None:
        """How the training is to be left before its next step, if at all.

        ``stopped``, ``paused`` or ``yielded``. A training that has not done a single step does one
        before it is stopped: there would be no result.
        """
        now = time.monotonic()
        if now < self._due and step:
            return None
        self._due = now + POLL_S
        if (self._folder / LEARNING_RATE).exists():
            self._fulfil_rate()
        if step and (self._folder / STOP).exists():
            return "stopped"
        if (self._folder / PAUSE).exists():
            return "paused"
        if self._should_yield is not None and self._should_yield():
            return "yielded"
        return None

    def _fulfil_rate(self) -> None:
        (self._folder / LEARNING_RATE).replace(self._taken)  # what comes meanwhile is another wish
        with contextlib.suppress(ValueError):  # no number: nobody's wish
            self._change_rate(float(self._taken.read_text()))
        self._taken.unlink()
