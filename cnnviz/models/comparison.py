"""The shipped models side by side, and figures that others published for the same task.

Numbers come from the cards, except for speed: ``python -m benchmarks.models --write`` measures it
and keeps it in ``trained_models/speeds.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from cnnviz import storage
from cnnviz.models.cards import Accuracy
from cnnviz.models.references import MODEL_FILE, ModelReference, shipped_names
from cnnviz.texts import N_

SPEEDS = "speeds.json"
BATCHES = (1, 64)


@dataclass(frozen=True)
class Compared:
    """One shipped model. ``file_bytes`` is the size of ``model.keras``; ``milliseconds`` are for
    one image at batch 1 and at batch 64, None where they were not measured."""

    name: str
    title: str
    parameters: int
    flops: int
    accuracy: Accuracy | None
    file_bytes: int
    milliseconds: tuple[float | None, ...]


@dataclass(frozen=True)
class Published:
    """What others report for CIFAR-10, trained from scratch; ``accuracy`` is a share (0–1).

    ``beside`` is about the picture: there is no place for the name below the point.
    """

    name: str
    parameters: int
    accuracy: float
    source: str
    beside: bool = False


_RESNET = "arXiv 1512.03385"
_QUOTED = N_("quoted for comparison; where it was published first is not known")
PUBLISHED = (
    Published("ResNet-20", 270_000, 0.9125, _RESNET),
    Published("ResNet-56", 850_000, 0.9303, _RESNET),
    Published("ResNet-110", 1_700_000, 0.9357, _RESNET),
    Published(N_("a basic CNN"), 1_200_000, 0.823, _QUOTED),
    Published("ResNet-18", 11_200_000, 0.897, _QUOTED),
    Published(N_("a tuned CNN"), 4_300_000, 0.912, _QUOTED, beside=True),
    Published("EfficientNet-B0", 4_000_000, 0.935, _QUOTED, beside=True),
)


def compared() -> list[Compared]:
    """All shipped models in the order in which they are taught."""
    speeds = measured_speeds().get("milliseconds", {})
    found = []
    for name in shipped_names():
        reference = ModelReference.parse(name)
        card, speed = reference.card, speeds.get(name, {})
        found.append(
            Compared(
                name=name,
                title=card.title,
                parameters=card.parameters,
                flops=card.flops,
                accuracy=card.accuracy[0] if card.accuracy else None,
                file_bytes=(reference.folder / MODEL_FILE).stat().st_size,
                milliseconds=tuple(speed.get(str(batch)) for batch in BATCHES),
            )
        )
    return found


def on_small_photos(name: str) -> Accuracy | None:
    """A model's accuracy on the test images of CIFAR-10 with their right labels, or None."""
    measured = ModelReference.parse(name).card.accuracy
    return next((a for a in measured if (a.dataset, a.split) == ("cifar10", "test")), None)


def measured_speeds() -> dict:
    """``{"machine": …, "milliseconds": {name: {"1": …, "64": …}}}``; empty before a measurement."""
    try:
        return json.loads((storage.SHIPPED / SPEEDS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
