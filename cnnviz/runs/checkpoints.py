"""What a run has kept of its network, in the order in which it was kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = "checkpoints"
EARLY_STEPS = (0, 10, 30, 100, 300)  # moments of the first epoch worth looking into

FIRST_EPOCHS = 10  # are always kept
LATER_EPOCHS = 30  # of the others are kept at most, spread evenly

_LABEL = re.compile(r"(step|epoch)-(\d+)")


@dataclass(frozen=True)
class Checkpoint:
    """One kept moment: ``label`` goes into a reference, ``run:<id>@<label>``."""

    label: str
    step: int
    epoch: int | None = None


def kept_epochs(last: int, best: int | None = None) -> frozenset[int]:
    """The epochs whose moments are kept after epoch ``last``, so that a run stays small.

    The first ones, the last, the best so far, and evenly spread ones in between: after each further
    epoch what is kept is a part of what was kept before, and that epoch.
    """
    stride = 1
    while (last - FIRST_EPOCHS) // stride > LATER_EPOCHS:
        stride *= 2
    kept = {*range(1, min(FIRST_EPOCHS, last) + 1), *range(stride, last + 1, stride), last}
    return frozenset(kept | ({best} if best else set()))


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
