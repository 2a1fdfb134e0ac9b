"""What has to be true after the class: looked at in the files that it left."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.chaos.students import Diary
from cnnviz import storage, uploads
from cnnviz.datasets.imported import list_imported, load_imported
from cnnviz.errors import CnnvizError
from cnnviz.models.cards import Card
from cnnviz.runs import queue
from cnnviz.runs.run import Run, list_runs

LEVELS = 3  # of 255 by which a pixel may differ: a map's last bits decide between two colours


def runs(diary: Diary) -> list[str]:
    """What is wrong with trainings: each has to be there, finished, with every epoch once and
    every step in order."""
    found = []
    known = {run.id for run in list_runs()}
    found += [f"the training {run} is gone" for run in diary.runs if run not in known]
    for run in list_runs():
        if run.status != "finished":
            found.append(f"the training {run.id} is {run.status}: {run.error}")
            continue
        found += [f"the training {run.id}: {problem}" for problem in curve(run)]
    found += [f"the training {run} still waits" for run in queue.queued()]
    return found


def curve(run: Run) -> list[str]:
    """Gaps, repetitions and lines that cannot be read in a diary; kept moments that do not open."""
    found, events = [], []
    for line in (run.folder / "events.jsonl").read_bytes().splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            found.append("a line of its diary is damaged")
    epochs = [e["epoch"] for e in events if e["kind"] == "epoch"]
    if epochs != list(range(1, run.config["epochs"] + 1)):
        found.append(f"its epochs are {epochs}")
    steps = [e["step"] for e in events if e["kind"] == "batch"]
    if steps != sorted(set(steps)):
        found.append("its steps are not in order, or repeat")
    if [e["kind"] for e in events].count("start") != 1:
        found.append("it did not begin once")
    for path in (run.folder / "checkpoints").glob("*.npz"):
        with np.load(path) as arrays:
            if not all(np.isfinite(arrays[name]).all() for name in arrays.files):
                found.append(f"{path.name} is damaged")
    return found + network(run.folder)


def network(folder: Path) -> list[str]:
    """A kept network and its card."""
    try:
        Card.from_json((folder / "card.json").read_text(encoding="utf-8"))
        with zipfile.ZipFile(folder / "model.keras") as archive:
            damaged = archive.testzip()
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        return [f"its network does not open: {error}"]
    return [f"{damaged} in its network is damaged"] if damaged else []


def kept() -> tuple[list[str], dict[str, int]]:
    """What is wrong with models, uploads and data sets; how many there are of each."""
    models = [p for p in storage.area("models").iterdir() if storage.is_id(p.name)]
    brought = [p for p in storage.area("uploads").iterdir() if storage.is_id(p.name)]
    found = [f"the model {path.name}: {problem}" for path in models for problem in network(path)]
    owners, sets = set(), 0
    for path in brought:
        try:
            meta = uploads.meta(path.name)
            owners.add(meta["owner"])
            if meta["kind"] == "image":
                uploads.load_image(path.name)
            elif meta["kind"] != "dataset":
                uploads.file_of(path.name)
        except (OSError, ValueError, KeyError, CnnvizError) as error:
            found.append(f"the upload {path.name} does not open: {error}")
    for owner in owners:
        for known in list_imported(owner):
            sets += 1
            counts = {s: len(load_imported(known.identifier, s)) for s in known.counts}
            if counts != {s: sum(n) for s, n in known.counts.items()}:
                found.append(f"the data set {known.identifier} has {counts}")
    return found, {"models": len(models), "uploads": len(brought), "data sets": sets}


def difference(one: bytes, other: bytes) -> int:
    """The largest difference of two pictures, in levels of a colour; 255 of different sizes."""
    a, b = (
        np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.int16) for png in (one, other)
    )
    return int(np.abs(a - b).max()) if a.shape == b.shape else 255


def pictures(diary: Diary, reference: dict[tuple[str, str], bytes]) -> tuple[list[str], int, int]:
    """(wrong ones, how many were compared, how many of them are the same to the last byte).

    Those of networks that the class trained have no reference: all that were seen must agree.
    """
    found, compared, same = [], 0, 0
    for key, seen in diary.pictures.items():
        right = reference.get(key, seen[0])
        for png in seen:
            compared += 1
            same += png == right
            if png != right and difference(png, right) > LEVELS:
                found.append(f"{key[0]}: the picture {key[1]} is wrong")
    return found, compared, same
