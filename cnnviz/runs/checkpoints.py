"""What a run has kept of its network, in the order in which it was kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = "checkpoints"
EARLY_STEPS = (0, 10, 30, 100, 300)  # moments of the first epoch worth looking into

_LABEL = re.compile(r"(step|epoch)-(\d+)")


@dataclass(frozen=True)
class Checkpoint:
    """One kept moment: ``label`` goes into a reference, ``run:<id>@<label>``."""

    label: str
    step: int
    epoch: int | None = None


def list_checkpoints(folder: Path, steps_per_epoch: int) -> tuple[Checkpoint, ...]:
    """The checkpoints in a run folder by step; ``steps_per_epoch`` is 0 before it is known."""
    found = []
    for file in (folder / FOLDER).glob("*.npz"):
        if match := _LABEL.fullmatch(file.stem):
            number = int(match[2])
            epoch = number if match[1] == "epoch" else None
            step = number if epoch is None else number * steps_per_epoch
            found.append(Checkpoint(file.stem, step, epoch))
    return tuple(sorted(found, key=lambda c: (c.step, c.epoch or 0)))
