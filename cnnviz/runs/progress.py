"""A run's diary as what a page draws: curves, figures, and the fixed samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.datasets.class_words import class_words
from cnnviz.runs.checkpoints import kept_epochs

Event = dict
MARKS = frozenset({"pause", "resume", "learning_rate", "phase"})


@dataclass(frozen=True)
class Curve:
    """Loss and accuracy (0–1) after each of ``steps``."""

    steps: tuple[int, ...] = ()
    loss: tuple[float, ...] = ()
    accuracy: tuple[float, ...] = ()


@dataclass(frozen=True)
class Progress:
    """Where a training stands. Figures are None, and counts 0, until they are known.

    ``samples`` are the events of that kind: what the network said about ``sample_indices`` (of
    ``val``, with ``sample_labels``) at each moment, the untrained network first.
    ``seconds_left`` leaves the closing steps out. ``epoch_rows`` are the events of that kind.
    ``rates`` is the learning rate after each of the steps of ``training``. ``memory`` and
    ``gpu_memory`` are in bytes.
    ``marks`` are the events after which something is different: pauses, resumptions, a learning
    rate that was changed, more layers that learn. ``insights`` are the labels of those kept.
    """

    step: int = 0
    epoch: int = 0
    epochs: int = 0
    steps_per_epoch: int = 0
    training: Curve = Curve()
    validation: Curve = Curve()
    images_per_second: float | None = None
    seconds_left: float | None = None
    learning_rate: float | None = None
    rates: tuple[float, ...] = ()
    memory: int | None = None
    gpu_memory: int | None = None
    device: str | None = None
    device_name: str = ""
    images: int = 0
    val_images: int = 0
    class_names: tuple[str, ...] = ()
    sample_indices: tuple[int, ...] = ()
    sample_labels: tuple[int, ...] = ()
    samples: tuple[Event, ...] = ()
    epoch_rows: tuple[Event, ...] = ()
    marks: tuple[Event, ...] = ()
    insights: tuple[str, ...] = ()

    @property
    def fraction(self) -> float:
        """Share of the steps that is done, 0–1."""
        whole = self.steps_per_epoch * self.epochs
        return min(1.0, self.step / whole) if whole else 0.0


def summarise(events: Sequence[Event]) -> Progress:
    """Everything at once from the events in their order."""
    by_kind: dict[str, list[Event]] = {}
    for event in events:
        by_kind.setdefault(event["kind"], []).append(event)
    start = by_kind.get("start", [{}])[0]
    longest = max((e["epochs"] for e in by_kind.get("resume", ()) if "epochs" in e), default=0)
    batches = by_kind.get("batch", [])
    last = batches[-1] if batches else {}
    step = max((e.get("step", 0) for e in events[-20:]), default=0)
    return Progress(
        step=step,
        epoch=last.get("epoch", 0),
        epochs=longest or start.get("epochs", 0),
        steps_per_epoch=start.get("steps_per_epoch", 0),
        training=_curve(batches),
        validation=_curve(by_kind.get("validation", [])),
        images_per_second=last.get("images_per_second"),
        seconds_left=last.get("seconds_left"),
        learning_rate=last.get("learning_rate"),
        rates=tuple(e.get("learning_rate", 0.0) for e in batches),
        memory=_latest(batches, "memory"),
        gpu_memory=_latest(batches, "gpu_memory"),
        device=start.get("device"),
        device_name=start.get("device_name", ""),
        images=start.get("images", 0),
        val_images=start.get("val_images", 0),
        class_names=class_words(start.get("class_names", ())),
        sample_indices=tuple(start.get("sample_indices", ())),
        sample_labels=tuple(start.get("sample_labels", ())),
        samples=tuple(by_kind.get("samples", ())),
        epoch_rows=tuple(by_kind.get("epoch", ())),
        marks=tuple(e for e in events if e["kind"] in MARKS),
        insights=_kept(by_kind.get("insight", []), by_kind.get("epoch", [])),
    )


def _curve(events: list[Event]) -> Curve:
    return Curve(
        tuple(e["step"] for e in events),
        tuple(e["loss"] for e in events),
        tuple(e["accuracy"] for e in events),
    )


def _latest(events: list[Event], field: str) -> int | None:
    """The newest value of a field that only some events have, if any of late had it."""
    return next((e[field] for e in reversed(events[-100:]) if field in e), None)


def _kept(insights: list[Event], epochs: list[Event]) -> tuple[str, ...]:
    """Labels of the insights that are still there: of many epochs only some are kept."""
    best = max(epochs, key=lambda e: (e["val_accuracy"], -e["val_loss"]), default={})
    kept = kept_epochs(epochs[-1]["epoch"] if epochs else 0, best.get("epoch"))
    labels = dict.fromkeys(e["label"] for e in insights)  # who is stopped at step 10 has it twice
    return tuple(x for x in labels if x.startswith("step-") or int(x.split("-")[1]) in kept)
