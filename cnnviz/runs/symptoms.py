"""What can be measured about a training's health: the numbers that a diagnosis rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cnnviz.runs.insights import Insight, LayerInsight
from cnnviz.runs.progress import Event, Progress

RECENT = 5  # batch events that make up "now"
NEARLY = 0.01  # of accuracy: less is chance on a thousand validation images
LAST_EPOCHS = 3  # epochs whose mean stands for "now": one alone is too noisy


@dataclass(frozen=True)
class Dead:
    """A layer's channels that gave 0 everywhere for every image looked at."""

    layer: str
    dead: int
    channels: int


@dataclass(frozen=True)
class Answers:
    """How the answers on the validation images are spread over the classes.

    ``favourite`` is the class that is answered most, ``share`` of the time; ``truth`` is the share
    of images that really are of it. ``unused`` are classes that are never answered although there
    are images of them. ``largest`` is the share of the class with most images.
    """

    favourite: int
    share: float
    truth: float
    unused: tuple[int, ...]
    largest: float


@dataclass(frozen=True)
class Trend:
    """Mean loss of the last ``epochs``, and of as many ``before`` them."""

    before: float
    now: float
    epochs: int

    @property
    def gain(self) -> float:
        """By what share it has fallen."""
        return 1 - self.now / max(self.before, 1e-9)


@dataclass(frozen=True)
class Signs:
    """Measurements of one training. Shares are 0–1, losses are cross-entropies in nats.

    ``step``, ``epochs``: done so far, whole epochs only. ``chance`` and ``guess_loss`` are what
    guessing among the classes reaches. ``first_loss`` and ``recent_loss`` are of training batches:
    the first, the mean of the last few; ``highest_loss`` is of these or of validation images.
    ``fall`` is by what share the training loss has fallen since the first epoch.
    ``spread`` is how far the answers (probabilities) of the sample images lie apart now (standard
    deviation over the images, of the class where it is largest), ``moved`` the largest change of
    a mean answer between two looks, ``drift`` the change of the answers since the untrained
    network; both mean absolute differences of probabilities. None where nothing was looked at.
    ``train`` and ``val`` are accuracies, means of the last epochs. ``training``, ``flatness`` and
    ``validation`` compare losses of the last epochs with those of the epochs before: the training
    loss over as long as it takes to call it flat, the validation loss over a shorter time; None
    before there are enough epochs. ``rise`` is how far the validation
    loss of every one of the last epochs lies above its lowest, as a share of that; that was in
    epoch ``best_epoch``. ``dead`` is the worst of the layers
    that end in a ReLU, ``dead_share`` is over all of these.
    """

    step: int
    epochs: int
    chance: float
    guess_loss: float
    first_loss: float
    highest_loss: float
    recent_loss: float
    fall: float
    spread: float | None
    moved: float | None
    drift: float | None
    train: float | None
    val: float | None
    best_val: float | None
    val_loss: float | None
    lowest_val_loss: float | None
    best_epoch: int
    rise: float
    stale_epochs: int
    trend: Trend | None
    val_trend: Trend | None
    dead: Dead | None
    dead_share: float
    answers: Answers | None

    @property
    def gap(self) -> float:
        """Training accuracy less validation accuracy."""
        return 0.0 if self.train is None or self.val is None else self.train - self.val


def measure_signs(progress: Progress, insights: Sequence[Insight] = ()) -> Signs:
    """All measurements from a run's diary and its kept moments, the latest last."""
    classes = max(2, len(progress.class_names))
    loss, rows = progress.training.loss, progress.epoch_rows
    recent = loss[-RECENT:]
    answers = next((_answers(i.confusion) for i in reversed(insights) if i.confusion), None)
    layers = next((_relus(i) for i in reversed(insights) if i.step and i.layers), [])
    channels = sum(layer.channels for layer in layers)
    spread, moved, drift = _movement(progress.samples)
    val_loss = [row["val_loss"] for row in rows]
    lowest = min(val_loss, default=None)
    last = val_loss[-LAST_EPOCHS:]
    return Signs(
        step=progress.step,
        epochs=len(rows),
        chance=1 / classes,
        guess_loss=math.log(classes),
        first_loss=loss[0] if loss else 0.0,
        highest_loss=max((*loss, *progress.validation.loss), default=0.0),
        recent_loss=_mean(recent) or 0.0,
        fall=_fall([row["loss"] for row in rows] if len(rows) > 1 else loss),
        spread=spread,
        moved=moved,
        drift=drift,
        train=_mean([row["accuracy"] for row in rows[-LAST_EPOCHS:]]),
        val=_mean([row["val_accuracy"] for row in rows[-LAST_EPOCHS:]]),
        best_val=max((row["val_accuracy"] for row in rows), default=None),
        val_loss=val_loss[-1] if rows else None,
        lowest_val_loss=lowest,
        best_epoch=rows[val_loss.index(lowest)]["epoch"] if rows else 0,
        rise=min(last) / max(lowest, 1e-6) - 1 if rows else 0.0,
        stale_epochs=_stale_epochs(rows, lowest),
        trend=_trend([row["loss"] for row in rows], max(3, len(rows) // 5)),
        val_trend=_trend(val_loss, max(1, len(rows) // 5)),
        dead=max(
            (Dead(x.name, x.dead, x.channels) for x in layers),
            key=lambda d: (d.dead / d.channels, d.channels),
            default=None,
        ),
        dead_share=sum(layer.dead for layer in layers) / channels if channels else 0.0,
        answers=answers,
    )


def _relus(insight: Insight) -> list[LayerInsight]:
    """The layers that end in a ReLU: nothing below zero comes out of them, and many zeros do."""
    return [
        layer
        for layer in insight.layers
        if layer.dead
        or (
            layer.kind in ("Activation", "ReLU")
            and layer.zeros
            and layer.activations
            and layer.activations.low >= 0
        )
    ]


def _mean(numbers: Sequence[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def _stale_epochs(rows: Sequence[Event], lowest: float | None) -> int:
    """Epochs since the validation loss was lowest or the accuracy came within 1 % of its best."""
    if not rows:
        return 0
    best = max(row["val_accuracy"] for row in rows)
    found = (
        next(i for i, row in enumerate(rows) if row["val_loss"] == lowest),
        next(i for i, row in enumerate(rows) if row["val_accuracy"] >= best - NEARLY),
    )
    return len(rows) - 1 - max(found)


def _fall(losses: Sequence[float]) -> float:
    return 1 - losses[-1] / max(losses[0], 1e-9) if losses else 0.0


def _trend(losses: Sequence[float], epochs: int) -> Trend | None:
    if len(losses) < 2 * epochs:
        return None
    return Trend(_mean(losses[-2 * epochs : -epochs]), _mean(losses[-epochs:]), epochs)


def _movement(samples: Sequence[Event]) -> tuple[float | None, float | None, float | None]:
    """Spread, largest move and drift of the answers on the sample images (see Signs)."""
    looks = [np.asarray(look["probabilities"], np.float64) for look in samples]
    if not looks or not looks[0].size:
        return None, None, None
    spread = float(looks[-1].std(axis=0).max())
    moved = max((_difference(a, b) for a, b in pairwise(looks)), default=0.0)
    return spread, moved, _difference(looks[0], looks[-1])


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of two tables of probabilities."""
    return float(np.abs(one - other).mean())


def _answers(confusion: Sequence[Sequence[int]]) -> Answers:
    truths = [sum(row) for row in confusion]
    said = [sum(column) for column in zip(*confusion, strict=True)]
    whole = max(1, sum(truths))
    favourite = max(range(len(said)), key=said.__getitem__)
    return Answers(
        favourite,
        said[favourite] / whole,
        truths[favourite] / whole,
        tuple(i for i, n in enumerate(said) if not n and truths[i]),
        max(truths) / whole,
    )
