"""What happens inside ``fit``: the live curve beside the training, and pauses between its steps."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path

import keras

from cnnviz.errors import NotPossible
from cnnviz.runs.checkpoints import EARLY_STEPS
from cnnviz.runs.events import EventWriter
from cnnviz.runs.run import COMMANDS, STOP

FIRST_BATCHES = 20  # each has its event
INTERVAL_S = 0.2  # between events after those
POLL_S = 0.2  # between looks for a stop command


class LiveCurve(keras.callbacks.Callback):
    """Writes ``batch`` events without making ``fit`` wait.

    ``async_safe`` lets Keras call it from a pool of threads while the next batch is under way
    (one callback without it makes every step wait for all of them), so calls can overlap and come
    in the wrong order: late ones are dropped. Keras reports means since the start of the epoch;
    an event tells the mean of the batches since the event before, which is what a curve needs.
    """

    async_safe = True

    def __init__(self, writer: EventWriter, batch_size: int, steps: int, epochs: int) -> None:
        super().__init__()
        self._writer, self._batch_size = writer, batch_size
        self._steps, self._all_steps = steps, steps * epochs
        self._emitted, self._sums = 0, {}
        self._due, self._since = 0.0, time.monotonic()
        self._rate = 0.0
        self._paused = 0.0
        self._lock = threading.Lock()
        self.broken_at: int | None = None

    def pause(self, seconds: float) -> None:
        """Time that went into something else, not to be counted as training."""
        with self._lock:
            self._paused += seconds

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._epoch, self._before = epoch, epoch * self._steps
        self._emitted, self._sums = 0, {"loss": 0.0, "accuracy": 0.0}
        self._since, self._paused = time.monotonic(), 0.0

    def on_train_batch_end(self, batch: int, logs: dict) -> None:
        now = time.monotonic()
        if self._before + batch >= FIRST_BATCHES and now < self._due:
            return
        with self._lock:
            if batch < self._emitted:
                return
            self._due = now + INTERVAL_S
            self._write(batch + 1, now, logs)

    def _write(self, done: int, now: float, means: dict) -> None:
        step, count = self._before + done, done - self._emitted
        if not all(math.isfinite(means[name]) for name in self._sums):
            self.broken_at = step
            return
        fields = {}
        for name, before in self._sums.items():
            self._sums[name] = means[name] * done
            fields[name] = round((self._sums[name] - before) / count, 6)
        rate = count * self._batch_size / max(now - self._since - self._paused, 1e-6)
        # The first steps include tracing; then a smooth figure is easier to read.
        self._rate = rate if step <= FIRST_BATCHES else 0.8 * self._rate + 0.2 * rate
        left = None  # the first steps say nothing about the rest
        if step >= 5:
            left = round((self._all_steps - step) * self._batch_size / self._rate, 1)
        self._emitted, self._since, self._paused = done, now, 0.0
        self._writer.write(
            "batch",
            step=step,
            epoch=self._epoch + 1,
            **fields,
            images_per_second=round(self._rate, 1),
            learning_rate=_short(self.model.optimizer.learning_rate),
            seconds_left=left,
        )


class Pauses(keras.callbacks.Callback):
    """Acts between two steps, in the training's own thread: the weights stand still.

    Args:
        folder: of the run.
        curve: for what went wrong in a batch, and to leave the pauses out of its speed.
        steps: in an epoch.
        first_step: steps done before this ``fit``.
        validate_at: steps after which ``validate(step)`` is called.
        checkpoint: called as ``checkpoint(label, step)`` at the early moments.
    """

    def __init__(
        self,
        folder: Path,
        curve: LiveCurve,
        steps: int,
        first_step: int,
        validate_at: frozenset[int],
        validate: Callable[[int], None],
        checkpoint: Callable[[str, int], None],
    ) -> None:
        super().__init__()
        self._stop, self.curve, self._steps = folder / COMMANDS / STOP, curve, steps
        self._validate_at, self._validate, self._checkpoint = validate_at, validate, checkpoint
        self.step, self._due = first_step, 0.0
        self.stopped = False

    @property
    def cut_short(self) -> bool:
        """Whether the training was stopped within an epoch."""
        return self.stopped and self.step % self._steps != 0

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        if batch:  # the step before it is done
            self.step += 1
            self._act()
        if time.monotonic() > self._due:
            self._due = time.monotonic() + POLL_S
            check_finite(self.curve)
            if self._stop.exists():  # takes effect after the step that now begins
                self.stopped = self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.step += 1
        if self.step in EARLY_STEPS:
            self._checkpoint(f"step-{self.step}", self.step)

    def _act(self) -> None:
        if self.step not in EARLY_STEPS and self.step not in self._validate_at:
            return
        began = time.monotonic()
        check_finite(self.curve)
        if self.step in EARLY_STEPS:
            self._checkpoint(f"step-{self.step}", self.step)
        if self.step in self._validate_at:
            self._validate(self.step)
        self.curve.pause(time.monotonic() - began)


class EpochEnds(keras.callbacks.Callback):
    """Tells the training where its epochs begin and, unless it was stopped in between, end."""

    def __init__(
        self, pauses: Pauses, begin: Callable[[int], None], end: Callable[..., None]
    ) -> None:
        super().__init__()
        self._pauses, self._begin, self._end = pauses, begin, end

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._begin(epoch)

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        check_finite(self._pauses.curve, logs["loss"], self._pauses.step)
        if not self._pauses.cut_short:
            self._end(epoch, logs["loss"], logs["accuracy"])


def check_finite(curve: LiveCurve, loss: float = 0.0, step: int = 0) -> None:
    """Raise NotPossible when the loss (of the curve, or this one) is no number any more."""
    if curve.broken_at is not None or not math.isfinite(loss):
        raise NotPossible(
            "At step {step} the loss was no longer a number: the weights have grown beyond all "
            "bounds. A smaller learning rate helps; this one was {rate}.",
            step=curve.broken_at or step,
            rate=_short(curve.model.optimizer.learning_rate),
        )


def _short(value: object) -> float:
    """A float32 as a person would write it."""
    return float(f"{float(value):.6g}")
