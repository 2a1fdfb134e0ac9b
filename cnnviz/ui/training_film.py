"""A finished training as a film: everything that a browser needs to play it without asking again.

A film is JSON with packed numbers (float32 and uint16, base64). Its time is the time that the
training took, pauses left out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from cnnviz import storage
from cnnviz.figures.downsampling import extremes, smoothed
from cnnviz.figures.training import loss_top
from cnnviz.models.references import ModelReference
from cnnviz.runs.progress import Event, Progress
from cnnviz.runs.run import Run
from cnnviz.ui import training_moments
from cnnviz.ui.components.base import packed

HISTORY = "history.json"  # of a shipped model
_GAP_S = 3.0  # a longer silence between two events was a pause, not learning
_BUCKETS = 180  # two points of each measure and bucket are kept
_MOST_CLASSES = 30  # of the mix-ups that are played


def film_of(reference: ModelReference) -> dict | None:
    """The film of a run or a shipped model; None where nothing was noted down. NotFound."""
    if reference.kind == "run":
        run = Run(reference.identifier)
        events = run.events()
        return run_film(run) if any(e["kind"] == "batch" for e in events) else None
    if reference.kind == "shipped":
        path = reference.folder / HISTORY
        return _shipped_film(path) if path.is_file() else None
    return None


def shipped_with_films() -> list[str]:
    """The names of the shipped models whose history was kept."""
    return sorted(path.parent.name for path in storage.SHIPPED.glob(f"*/{HISTORY}"))


def run_film(run: Run) -> dict:
    """The film of a run: curves, speed, rate, samples and mix-ups."""
    events, progress = run.events(), run.progress
    clock = _clock(events)
    batches = [(e, t) for e, t in zip(events, clock, strict=True) if e["kind"] == "batch"]
    measured = [(e, t) for e, t in zip(events, clock, strict=True) if e["kind"] == "validation"]
    made = _film(
        batches=_columns(batches, ("step", "loss", "accuracy"))
        | {
            "rate": [e.get("learning_rate") or 0.0 for e, _t in batches],
            "speed": [e.get("images_per_second") or 0.0 for e, _t in batches],
        },
        validation=_columns(measured, ("step", "loss", "accuracy")),
        per_epoch=progress.steps_per_epoch,
        epochs=progress.epochs,
        seconds=clock[-1] if clock else 0.0,
    )
    return made | {"samples": _samples(progress), "confusion": _confusions(run, progress)}


def growing(progress: Progress) -> dict:
    """The curves of a training at work, as far as they go: a film without its clock."""
    batches, measured = progress.training, progress.validation
    columns = {"step": batches.steps, "loss": batches.loss, "accuracy": batches.accuracy}
    if progress.rates and max(progress.rates) > 1.001 * min(progress.rates):
        columns["rate"] = progress.rates
    validation = {"step": measured.steps, "loss": measured.loss, "accuracy": measured.accuracy}
    return _film(columns, validation, progress.steps_per_epoch, progress.epochs, 0.0)


@lru_cache(maxsize=8)
def _shipped_film(path: Path) -> dict:
    """The film of a shipped model, from the losses of its steps and the times of its epochs."""
    history = json.loads(path.read_text(encoding="utf-8"))
    epochs = history["epochs"]
    per_epoch = int(epochs[0]["step"])
    ends = np.cumsum([0.0, *(e["seconds"] for e in epochs)])
    batches = _since_the_last(history["steps"], per_epoch)
    batches["time"] = np.interp(batches["step"], np.arange(len(ends)) * per_epoch, ends).tolist()
    validation = {
        "step": [e["step"] for e in epochs],
        "time": ends[1:].tolist(),
        "loss": [e["val_loss"] for e in epochs],
        "accuracy": [e["val_accuracy"] for e in epochs],
    }
    made = _film(batches, validation, per_epoch, len(epochs), float(ends[-1]))
    return made | {"samples": [], "confusion": []}


def _since_the_last(rows: Sequence[dict], per_epoch: int) -> dict[str, list[float]]:
    """Means since the row before, from means since the start of the epoch (as Keras gives them)."""
    found: dict[str, list[float]] = {"step": [], "loss": [], "accuracy": []}
    epoch, done, sums = -1, 0, {"loss": 0.0, "accuracy": 0.0}
    for row in rows:
        if (row["step"] - 1) // per_epoch != epoch:
            epoch, done, sums = (row["step"] - 1) // per_epoch, 0, {"loss": 0.0, "accuracy": 0.0}
        now = row["step"] - epoch * per_epoch
        found["step"].append(row["step"])
        for name, before in sums.items():
            sums[name] = row[name] * now
            found[name].append(max(0.0, (sums[name] - before) / max(1, now - done)))
        done = now
    return found


def _film(
    batches: dict[str, Sequence[float]],
    validation: dict[str, Sequence[float]],
    per_epoch: int,
    epochs: int,
    seconds: float,
) -> dict:
    steps = np.asarray(batches["step"], np.float64)
    loss, accuracy = (np.asarray(batches[name], np.float64) for name in ("loss", "accuracy"))
    whole = max(1, per_epoch * epochs)
    memory = np.exp(-np.diff(steps, prepend=0) / max(4.0, 0.02 * whole))
    lines = {
        "lossLine": smoothed(loss, memory),
        "accuracyLine": smoothed(accuracy, memory),
    }
    kept = np.union1d(extremes(loss, _BUCKETS), extremes(accuracy, _BUCKETS)).astype(int)
    measured = np.asarray(validation["loss"], np.float64)
    return {
        "steps": whole,
        "perEpoch": max(1, per_epoch),
        "epochs": epochs,
        "seconds": max(float(seconds), 0.1),
        "lossTop": loss_top(np.concatenate([loss, measured])),
        "training": {
            name: packed(np.asarray(column)[kept], np.float32)
            for name, column in {**batches, **lines}.items()
        },
        "validation": {name: packed(np.asarray(c), np.float32) for name, c in validation.items()},
    }


def _clock(events: Sequence[Event]) -> list[float]:
    """Seconds of learning until each event: silences and clocks that were set back left out."""
    times = [float(e["time"]) for e in events]
    began = next((i for i, e in enumerate(events) if e["kind"] == "start"), 0)
    passed, result = 0.0, []
    for i, now in enumerate(times):
        if i > began:
            passed += min(max(0.0, now - times[i - 1]), _GAP_S)
        result.append(passed)
    return result


def _columns(rows: list[tuple[Event, float]], names: Sequence[str]) -> dict[str, list[float]]:
    return {name: [e[name] for e, _t in rows] for name in names} | {"time": [t for _e, t in rows]}


def _samples(progress: Progress) -> list[dict]:
    """What it answered about each sample, and with what share, moment by moment."""
    found = []
    for event in progress.samples:
        shares = np.asarray(event["probabilities"], np.float64)
        answers = shares.argmax(axis=1).tolist()
        votes = shares.max(axis=1).round(3).tolist()
        found.append({"step": event["step"], "answers": answers, "shares": votes})
    return found


def _confusions(run: Run, progress: Progress) -> list[dict]:
    if not 0 < len(progress.class_names) <= _MOST_CLASSES:
        return []
    found = []
    for label in progress.insights:
        look = training_moments.look_inside(run, label)
        if look and look.confusion:
            cells = np.minimum(np.asarray(look.confusion), 65_535).ravel()
            step = training_moments.step_of(label, progress.steps_per_epoch)
            found.append({"step": step, "cells": packed(cells, np.uint16)})
    return sorted(found, key=lambda f: f["step"])
