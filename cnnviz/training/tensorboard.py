"""The diary of a training as event files that TensorBoard reads, made without TensorBoard.

``<run>/tensorboard/train`` and ``…/validation`` have the scalars ``loss`` and ``accuracy``, so that
TensorBoard draws both curves in one chart; ``train`` also has ``learning_rate``,
``images_per_second`` and histograms of each layer's weights and output. All are over the step.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
from tensorflow.core.framework.summary_pb2 import HistogramProto, Summary
from tensorflow.core.util.event_pb2 import Event, SessionLog

from cnnviz.runs.insights import Histogram, read_insight

FOLDER = "tensorboard"
_SCALARS = {
    "batch": ("train", ("loss", "accuracy", "learning_rate", "images_per_second")),
    "validation": ("validation", ("loss", "accuracy")),
}


class Logs:
    """Writes what there is to log of each event of a run; threads may share it.

    Args:
        folder: of the run. What an earlier process has logged stays; what it had logged beyond the
            step from which the training goes on is forgotten by TensorBoard.

    Raises:
        OSError: from every method: the disk is full, or the like.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._files = {name: _File(folder / FOLDER / name) for name in ("train", "validation")}

    def write(self, event: Mapping) -> None:
        """Take an event of the diary (see ``cnnviz.runs.events``); it is on disk afterwards."""
        with self._lock:
            match event["kind"]:
                case "start":
                    self._begin_at(0, event)
                case "resume":
                    self._begin_at(event["step"] + 1, event)
                case "insight":
                    self._histograms(event)
                case kind if kind in _SCALARS:
                    name, tags = _SCALARS[kind]
                    found = ((tag, event.get(tag)) for tag in tags)
                    values = [
                        Summary.Value(tag=t, simple_value=v) for t, v in found if v is not None
                    ]
                    self._files[name].summary(event, values)

    def close(self) -> None:
        """Nothing is written afterwards."""
        with self._lock:
            for file in self._files.values():
                file.close()

    def _begin_at(self, step: int, event: Mapping) -> None:
        """Whatever was logged for this step or later did not happen."""
        begun = SessionLog(status=SessionLog.START)
        for file in self._files.values():
            file.write(Event(wall_time=event["time"], step=step, session_log=begun))

    def _histograms(self, event: Mapping) -> None:
        insight = read_insight(self._folder, event["label"])
        if insight is None:
            return
        values = [
            Summary.Value(tag=f"{layer.name}/{what}", histo=_histogram(found))
            for layer in insight.layers
            for what in ("weights", "activations")
            if (found := getattr(layer, what)) is not None
        ]
        self._files["train"].summary(event, values)


class _File:
    """One event file; a folder has one for each process that has worked at the training.

    Its name tells TensorBoard what it is and in which order to read, and not on which machine it
    was written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        number = sum(1 for _ in folder.iterdir())
        path = folder / f"events.out.tfevents.{number:010}"
        self._writer = tf.io.TFRecordWriter(str(path))
        self.write(Event(file_version="brain.Event:2"))

    def summary(self, event: Mapping, values: list[Summary.Value]) -> None:
        summary = Summary(value=values)
        self.write(Event(wall_time=event["time"], step=event["step"], summary=summary))

    def write(self, record: Event) -> None:
        try:
            self._writer.write(record.SerializeToString())
            self._writer.flush()
        except tf.errors.OpError as error:
            raise _as_os_error(error) from error

    def close(self) -> None:
        try:
            self._writer.close()
        except tf.errors.OpError as error:
            raise _as_os_error(error) from error


def _as_os_error(error: tf.errors.OpError) -> OSError:
    """TensorFlow's word for a full disk is that of too little memory."""
    full = isinstance(error, tf.errors.ResourceExhaustedError)
    return OSError(errno.ENOSPC if full else errno.EIO, error.message)


def _histogram(found: Histogram) -> HistogramProto:
    count, bins = sum(found.counts), len(found.counts)
    width = (found.high - found.low) / bins
    return HistogramProto(
        min=found.low,
        max=found.high,
        num=count,
        sum=count * found.mean,
        sum_squares=count * (found.std**2 + found.mean**2),
        bucket_limit=[found.low + (i + 1) * width for i in range(bins)],
        bucket=found.counts,
    )
