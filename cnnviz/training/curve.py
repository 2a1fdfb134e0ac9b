"""The live curve: what the steps of a training tell while they follow each other."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cnnviz.errors import NotPossible
from cnnviz.runs.events import EventWriter
from cnnviz.training.memory import memory_in_use

FIRST_BATCHES = 20  # each has its event
INTERVAL_S = 0.2  # between events after those
MEMORY_S = 2.0  # between looks at the memory in use


class LiveCurve:
    """Writes ``batch`` events.

    Keras gives means since the metrics were reset; an event tells the mean of the batches since the
    event before, which is what a curve needs. Between two events nothing is read, so that a GPU
    never waits for the curve.

    Args:
        writer: of the diary.
        batch_size: images in a step.
        steps: in an epoch.
        epochs: of the whole training.
    """

    def __init__(self, writer: EventWriter, batch_size: int, steps: int, epochs: int) -> None:
        self._writer, self._batch_size = writer, batch_size
        self._steps, self._all_steps = steps, steps * epochs
        self.learning_rate = 0.0  # of the last step
        self._due = self._memory_due = 0.0
        self._rate = 0.0
        self._paused = 0.0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time that goes into something else, not to be counted as training."""
        began = time.monotonic()
        yield
        self._paused += time.monotonic() - began

    def begin_epoch(
        self, epoch: int, done: int = 0, sums: Mapping[str, float] | None = None
    ) -> None:
        """Keras' metrics have just been reset.

        Args:
            epoch: counts from 0.
            done: steps of this epoch that were done before.
            sums: of loss and accuracy over those steps.
        """
        self._epoch, self._before = epoch, epoch * self._steps
        self._first = self._emitted = done
        self._start = dict(sums or {"loss": 0.0, "accuracy": 0.0})
        self.sums = dict(self._start)  # up to the last event
        self._means: Mapping = {}
        self._since, self._paused = time.monotonic(), 0.0

    def after(self, step: int, means: Mapping) -> None:
        """Take note of a step; ``means`` of loss and accuracy may still be on their way."""
        self._means = means
        now = time.monotonic()
        if step <= FIRST_BATCHES or now >= self._due:
            self._due = now + INTERVAL_S
            self._write(step - self._before, now)

    def flush(self, step: int) -> None:
        """Write what has come since the last event, so that ``sums`` cover every step."""
        if step - self._before > self._emitted:
            self._write(step - self._before, time.monotonic())

    def _write(self, done: int, now: float) -> None:
        step, count = self._before + done, done - self._emitted
        means = {name: float(self._means[name]) for name in self._start}
        check_finite(means["loss"], step, self.learning_rate)
        fields = {}
        for name, mean in means.items():
            total = self._start[name] + mean * (done - self._first)
            fields[name] = round((total - self.sums[name]) / count, 6)
            self.sums[name] = total
        rate = count * self._batch_size / max(now - self._since - self._paused, 1e-6)
        # The first steps include tracing; then a smooth figure is easier to read.
        first = step <= FIRST_BATCHES or not self._rate  # also where another process went on
        self._rate = rate if first else 0.8 * self._rate + 0.2 * rate
        left = None  # the first steps say nothing about the rest
        if step >= 5:
            left = round((self._all_steps - step) * self._batch_size / self._rate, 1)
        self._emitted, self._since, self._paused = done, now, 0.0
        memory = {}
        if now >= self._memory_due:
            self._memory_due, memory = now + MEMORY_S, memory_in_use()
        self._writer.write(
            "batch",
            step=step,
            epoch=self._epoch + 1,
            **fields,
            images_per_second=round(self._rate, 1),
            learning_rate=short(self.learning_rate),
            seconds_left=left,
            **memory,
        )


def check_finite(loss: float, step: int, learning_rate: float) -> None:
    """Raise NotPossible when the loss is no number any more."""
    if not math.isfinite(loss):
        raise NotPossible(
            "At step {step} the loss was no longer a number: the weights have grown beyond all "
            "bounds. A smaller learning rate helps; this one was {rate}.",
            step=step,
            rate=short(learning_rate),
        )


def short(value: float) -> float:
    """A rate as a person would write it."""
    return float(f"{value:.6g}")
