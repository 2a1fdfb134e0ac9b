"""Make the shipped models small: ``python tools/slim_shipped.py [NAME …] [--write]``.

Without ``--write`` it only says what it would do. Run it after training and before
``tools/describe_shipped.py``, which measures what is shipped.

- Of the checkpoints the early steps and the epochs 1, 2, 4, 8, … stay. The last epoch goes: it is
  the finished network.
- ``model.keras`` keeps every weight as it is, packed: bytes of equal weight next to each other
  (HDF5's shuffle filter), then deflated; Keras reads both. The kernels of ``ROUNDED`` are rounded
  to float16 first.
- Precomputed answers move to the key of the new file, unless it was rounded: then they are asked
  again (``tools/precompute.py``).

What is small already stays as it is, to the byte.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import h5py
import numpy as np

from cnnviz import storage
from cnnviz.compute.answers import SHIPPED_FOLDER, answer_key
from cnnviz.compute.defaults import first_questions
from cnnviz.compute.registry import QUESTIONS
from cnnviz.models.cards import FILE
from cnnviz.models.loading import open_keras_file
from cnnviz.models.references import CHECKPOINTS, MODEL_FILE, ModelReference, shipped_names

BUDGET = 70_000_000  # bytes of everything in trained_models/
ROUNDED = ("cifar10_transfer",)  # a frozen copy of a large base; measured after the rounding
STEPS = (0, 10, 30, 100, 300)
# Of the large ones fewer moments are kept.
FEW = {
    "cifar10_fast": ("step-0", "epoch-1", "epoch-7"),
    "cifar10_noisy": ("step-0", "step-100", "epoch-1", "epoch-4"),
}
WEIGHTS = "model.weights.h5"
_EPOCH = re.compile(r"epoch-(\d+)")
_WHEN = (1980, 1, 1, 0, 0, 0)  # in the zip: the same content gives the same bytes


def kept_moments(name: str, labels: list[str]) -> set[str]:
    """Which of a model's checkpoints are shipped."""
    if name in FEW:
        return set(FEW[name]) & set(labels)
    epochs = {int(m[1]) for m in map(_EPOCH.fullmatch, labels) if m}
    powers = {2**i for i in range(10)}
    finished = _epochs(name) or max(epochs, default=0)
    chosen = {f"epoch-{e}" for e in epochs & powers if e < finished}
    return (chosen | {f"step-{s}" for s in STEPS}) & set(labels)


def _epochs(name: str) -> int | None:
    """How many epochs the training had."""
    file = storage.SHIPPED / name / "history.json"
    return len(json.loads(file.read_text())["epochs"]) if file.is_file() else None


def packed(data: bytes, rounded: bool) -> bytes:
    """The same ``.keras`` file, smaller."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in sorted(old.namelist()):
            content = old.read(member)
            if member == WEIGHTS:
                content = _shuffled(content, rounded)
            info = zipfile.ZipInfo(member, _WHEN)
            new.writestr(info, content, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def _shuffled(content: bytes, rounded: bool) -> bytes:
    """A weights file with its arrays shuffled, kernels (two axes or more) rounded if wished."""
    out = io.BytesIO()
    with h5py.File(io.BytesIO(content), "r") as old, h5py.File(out, "w") as new:
        for key, value in old.attrs.items():
            new.attrs[key] = value

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Group):
                made = new.require_group(name)
            else:
                array = item[()]
                if rounded and array.ndim >= 2 and array.dtype == np.float32:
                    array = array.astype(np.float16).astype(np.float32)
                how = {"chunks": array.shape, "shuffle": True} if array.size > 64 else {}
                made = new.create_dataset(name, data=array, **how)
            for key, value in item.attrs.items():
                made.attrs[key] = value

        old.visititems(copy)
    return out.getvalue()


def check(old: Path, new: Path, rounded: bool) -> None:
    """Stop when a weight has changed by more than the rounding."""
    before, after = (open_keras_file(file).get_weights() for file in (old, new))
    for x, y in zip(before, after, strict=True):
        wanted = x.astype(np.float16).astype(np.float32) if rounded and x.ndim >= 2 else x
        if not np.array_equal(wanted, y):
            raise SystemExit(f"{new}: the packed weights are others.")


def answer_keys(name: str) -> list[str]:
    """The keys of a model's precomputed answers; none before it has a card."""
    reference = f"shipped:{name}"
    if not (storage.SHIPPED / name / FILE).is_file():
        return []
    return [
        answer_key(question, QUESTIONS[question].version, QUESTIONS[question].complete(parameters))
        for question, parameters in first_questions(reference)
    ]


def slim(name: str, write: bool) -> int:
    """Slim one model; returns the bytes it then has."""
    folder, rounded = storage.SHIPPED / name, name in ROUNDED
    file, before = folder / MODEL_FILE, folder_size(folder)
    old = file.read_bytes()
    new = packed(old, rounded)
    after = before
    if len(new) < len(old):
        after -= len(old) - len(new)
        if write:
            keys = answer_keys(name)
            part = file.with_name(f"slim-{MODEL_FILE}")
            part.write_bytes(new)
            check(file, part, rounded)
            part.replace(file)
            if not rounded:
                move_answers(name, keys)
    labels = [f.stem for f in (folder / CHECKPOINTS).glob("*.npz")]
    for label in sorted(set(labels) - kept_moments(name, labels)):
        checkpoint = folder / CHECKPOINTS / f"{label}.npz"
        after -= checkpoint.stat().st_size
        if write:
            checkpoint.unlink()
    kept = ", ".join(sorted(kept_moments(name, labels), key=_order)) or "none"
    print(f"{name}: {before:,} → {after:,} bytes; model {len(old):,} → {len(new):,}", end="")
    print(f"{' (rounded)' if rounded else ''}; moments kept: {kept}", flush=True)
    return after


def move_answers(name: str, keys: list[str]) -> None:
    """Give answers the keys that belong to the file as it is now."""
    folder = ModelReference.parse(f"shipped:{name}").folder / SHIPPED_FOLDER
    for old, new in zip(keys, answer_keys(name), strict=True):
        if (folder / f"{old}.bin").is_file():
            (folder / f"{old}.bin").rename(folder / f"{new}.bin")


def folder_size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _order(label: str) -> tuple[bool, int]:
    unit, _dash, number = label.partition("-")
    return unit == "epoch", int(number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="shipped models; all when none is named")
    parser.add_argument("--write", action="store_true", help="do it; without, only say it")
    options = parser.parse_args()
    there = sorted({f.parent.name for f in storage.SHIPPED.glob(f"*/{MODEL_FILE}")})
    sizes = {name: slim(name, options.write) for name in options.names or there}
    rest = folder_size(storage.SHIPPED) - sum(folder_size(storage.SHIPPED / n) for n in sizes)
    total = sum(sizes.values()) + rest
    print(f"together {total:,} bytes of {BUDGET:,}")
    if not options.write:
        print("Nothing was changed: repeat it with --write.")
    missing = set(there) - set(shipped_names())
    if missing:
        print(f"Without a card yet: {', '.join(sorted(missing))}.")
    if total > BUDGET:
        raise SystemExit("too much: keep fewer moments (FEW)")


if __name__ == "__main__":
    main()
