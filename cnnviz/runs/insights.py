"""What a network looked like inside at a kept moment: ``insights/<label>.json`` in a run folder.

Written beside the checkpoint of the same label: histograms of every layer's weights and of what it
gives for a few fixed validation images, and at the end of an epoch the confusion matrix of the
whole validation set.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cnnviz.storage import write_whole

FOLDER = "insights"
BINS = 30
MAX_CLASSES = 100  # a confusion matrix of more classes is not kept


@dataclass(frozen=True)
class Histogram:
    """``counts`` of ``BINS`` bins of equal width from ``low`` to ``high``."""

    low: float
    high: float
    counts: tuple[int, ...]
    mean: float
    std: float


@dataclass(frozen=True)
class LayerInsight:
    """One layer: its kernel, where it has one, and its output.

    ``zeros`` is the share of output values that are exactly 0; ``dead`` of the ``channels`` were 0
    everywhere in every image (for layers that end in a ReLU; else 0).
    """

    name: str
    kind: str
    weights: Histogram | None = None
    activations: Histogram | None = None
    channels: int = 0
    zeros: float = 0.0
    dead: int = 0


@dataclass(frozen=True)
class Insight:
    """A moment. ``confusion`` counts validation images, rows true, columns predicted."""

    label: str
    step: int
    epoch: int | None
    layers: tuple[LayerInsight, ...]
    confusion: tuple[tuple[int, ...], ...] | None = None

    def save(self, folder: Path) -> None:
        """Write it into a run folder; raises OSError (disk full)."""
        place = folder / FOLDER
        place.mkdir(exist_ok=True)
        text = json.dumps(asdict(self), separators=(",", ":"), allow_nan=False)
        write_whole(place / f"{self.label}.json", text.encode())


def read_insight(folder: Path, label: str) -> Insight | None:
    """What was kept under a checkpoint's label, if anything. ``label`` is one of the run's own."""
    try:
        data = json.loads((folder / FOLDER / f"{label}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    layers = tuple(
        LayerInsight(
            **{
                **layer,
                "weights": _histogram(layer["weights"]),
                "activations": _histogram(layer["activations"]),
            }
        )
        for layer in data.pop("layers")
    )
    confusion = data.pop("confusion")
    rows = confusion and tuple(tuple(row) for row in confusion)
    return Insight(**data, layers=layers, confusion=rows)


def _histogram(data: dict | None) -> Histogram | None:
    return data and Histogram(**{**data, "counts": tuple(data["counts"])})
