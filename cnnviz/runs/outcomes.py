"""How a run ends when no worker can say it: what its diary knows, and the reason if any."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from pathlib import Path

from cnnviz import storage
from cnnviz.errors import CnnvizError
from cnnviz.runs import attempts
from cnnviz.runs.events import EventWriter
from cnnviz.runs.progress import Progress

FILE = "outcome.json"


def end(folder: Path, status: str, progress: Progress, reason: CnnvizError | None = None) -> None:
    """End a run that nobody works at; the caller holds its lock.

    Args:
        folder: of the run.
        status: ``stopped`` or ``failed``.
        progress: what its diary says.
        reason: why it failed.

    Raises:
        OSError: the outcome cannot be written (disk full).
    """
    told = reason and {"code": reason.code, "template": reason.template, "values": reason.values}
    outcome = {"status": status, "time": round(time.time(), 3), "reason": told}
    (folder / ".reserve").unlink(missing_ok=True)  # room that a worker kept free for this
    outcome |= _figures(progress)
    storage.write_whole(folder / FILE, json.dumps(outcome, indent=1).encode())
    shutil.rmtree((folder / attempts.STATE).parent, ignore_errors=True)
    if progress.epochs:  # it had begun
        with contextlib.suppress(OSError):
            writer = EventWriter(folder)
            writer.write("end", status=status, step=progress.step)
            writer.close()


def _figures(progress: Progress) -> dict:
    """The figures of an outcome, as far as whole epochs tell them."""
    rows = progress.epoch_rows
    best = max(rows, key=lambda row: (row["val_accuracy"], -row["val_loss"]), default=None)
    return {
        "epoch": rows[-1]["epoch"] if rows else 0,
        "step": progress.step,
        "seconds": round(sum(row["seconds"] for row in rows), 1),
        "best_epoch": best and best["epoch"],
        "best_step": best and best["step"],
        "val_accuracy": best and best["val_accuracy"],
        "val_loss": best and best["val_loss"],
        "val_images": progress.val_images if best else None,
    }
