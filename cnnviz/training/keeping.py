"""What a training keeps besides its diary: checkpoints to look at, the state to resume from."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from cnnviz import storage
from cnnviz.runs import checkpoints, insights

RESUME = "resume"
_STATE, _BEST = "state.npz", "best.npz"


@dataclass
class Position:
    """How far a training has come: finished epochs, steps, and what its course depends on.

    ``offset`` is the length of the diary at that moment, ``seconds`` the time spent until then,
    ``epoch_seconds`` that in an unfinished epoch, whose steps have added up to ``sums`` of loss and
    accuracy. ``resting`` is a training that was paused. The ``best`` ones are of the epoch (or last
    step) with the best validation accuracy; ``lowest_loss`` is the lowest validation loss of an
    epoch, ``waited`` the number of epochs since. ``factor`` is what the learning rate of the
    schedule is multiplied by, ``plateau`` the state of a ``schedules.Plateau``.
    """

    epoch: int = 0
    step: int = 0
    offset: int = 0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    sums: dict[str, float] | None = None
    resting: bool = False
    best_epoch: int | None = None
    best_step: int = 0
    best_accuracy: float = -1.0
    best_loss: float = float("inf")
    lowest_loss: float = float("inf")
    waited: int = 0
    stopped_early: bool = False
    factor: float = 1.0
    plateau: dict | None = None


def save_checkpoint(folder: Path, label: str, weights: list[np.ndarray], best: bool) -> None:
    """Keep weights in float16 as ``checkpoints/<label>.npz``, and as ``best.npz`` when they are."""
    place = folder / checkpoints.FOLDER
    data = _packed({f"w{i}": w.astype(np.float16) for i, w in enumerate(weights)})
    storage.write_whole(place / f"{label}.npz", data)
    if best:
        storage.write_whole(place / "best.npz", data)


def save_state(
    folder: Path,
    position: Position,
    state: dict[str, np.ndarray],
    best: list[np.ndarray] | None,
) -> None:
    """Replace the resume state; ``best`` are the best weights when they have just changed."""
    place = folder / RESUME
    place.mkdir(exist_ok=True)
    if best is not None:
        data = _packed({f"w{i}": w for i, w in enumerate(best)})
        storage.write_whole(place / _BEST, data)
    text = np.frombuffer(json.dumps(asdict(position)).encode(), np.uint8)
    storage.write_whole(place / _STATE, _packed({**state, "position": text}))


def load_state(
    folder: Path,
) -> tuple[Position, dict[str, np.ndarray], list[np.ndarray] | None] | None:
    """What :func:`save_state` kept: position, state, best weights; None when there is nothing.

    There are no best weights before the first whole look at the validation images.
    """
    place = folder / RESUME
    if not (place / _STATE).is_file():
        return None
    state = _unpacked(place / _STATE)
    position = Position(**json.loads(state.pop("position").tobytes()))
    if not position.best_step:
        return position, state, None
    best = _unpacked(place / _BEST)
    return position, state, [best[f"w{i}"] for i in range(len(best))]


def thin(folder: Path, last: int, best: int | None) -> None:
    """Let go of the moments of epochs that are no longer kept after epoch ``last``."""
    kept = checkpoints.kept_epochs(last, best)
    for file in [
        *(folder / checkpoints.FOLDER).glob("epoch-*.npz"),
        *(folder / insights.FOLDER).glob("epoch-*.json"),
    ]:
        if int(file.stem.removeprefix("epoch-")) not in kept:
            file.unlink(missing_ok=True)


def forget_state(folder: Path) -> None:
    """An ended training needs no state to resume from."""
    shutil.rmtree(folder / RESUME, ignore_errors=True)


def _packed(arrays: dict[str, np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _unpacked(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
