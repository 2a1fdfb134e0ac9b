"""What nobody uses any more goes by itself, so that a server can run for years.

Uploaded images and files go ``$CNNVIZ_KEEP_DAYS`` days (default 30; 0 for never) after they were
last looked at, unless a model, a training or notes still name them. Models, data sets and trainings
stay, unless ``$CNNVIZ_KEEP_DAYS_MODELS`` is set.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cnnviz import belongings, clearing, storage
from cnnviz.belongings import Thing

DAYS, DAYS_OF_MODELS = "CNNVIZ_KEEP_DAYS", "CNNVIZ_KEEP_DAYS_MODELS"
DEFAULT_DAYS = 30
_BROUGHT, _MADE = ("image", "file"), ("model", "dataset", "run")
_DAY_S = 24 * 3600
_ID = re.compile(rb"[0-9a-f]{24}")
_LARGEST = 64 * 2**20  # bytes of a file that is searched for names


@dataclass(frozen=True)
class Aged:
    """What has gone: things, their bytes, and leftovers of work that was never finished."""

    things: int
    size: int
    leftovers: int


def keep_days() -> float | None:
    """How long unused uploads stay; None for ever."""
    return _days(DAYS, DEFAULT_DAYS)


def keep_days_of_models() -> float | None:
    """How long unused models, data sets and trainings stay; None for ever, as usual."""
    return _days(DAYS_OF_MODELS, 0)


def age_out(now: float | None = None) -> Aged:
    """Remove what is old, what was never finished, and what a teacher removed."""
    now = time.time() if now is None else now
    leftovers = storage.clear_away()
    clearing.free(clearing.UNDO_S)
    old = list(too_old(belongings.everything(), now))
    named = _named() if old else set()
    free = (thing for thing in old if thing.identifier not in named)
    gone = [thing for thing in free if _still_old(thing, now) and clearing.delete(thing)]
    return Aged(len(gone), sum(thing.size for thing in gone), leftovers)


def too_old(things: list[Thing], now: float) -> Iterator[Thing]:
    """Those whose time is over, named by others or not."""
    for thing in things:
        days = _days_of(thing)
        if days is not None and now - thing.used > days * _DAY_S:
            yield thing


def _days_of(thing: Thing) -> float | None:
    if thing.kind in _BROUGHT:
        return keep_days()
    return keep_days_of_models() if thing.kind in _MADE else None


def _still_old(thing: Thing, now: float) -> bool:
    """Look again: somebody may have opened it since the list was made."""
    name = "meta.json" if thing.folder.parent.name == "uploads" else "owner.json"
    try:
        used = (thing.folder / name).stat().st_mtime
    except OSError:
        return False
    return now - used > (_days_of(thing) or float("inf")) * _DAY_S


def _named() -> set[str]:
    """Every id that a training's settings, a model's card, notes or class maps speak of."""
    files: list[Path] = [
        *storage.area("runs").glob("*/config.json"),
        *storage.area("models").glob("*/card.json"),
        *storage.area("runs").glob("*/card.json"),
        *storage.area("marks").glob("*.json"),
        *storage.area("class_maps").glob("*.json"),
    ]
    found: set[str] = set()
    for file in files:
        try:
            if file.stat().st_size <= _LARGEST:
                found |= {match.decode() for match in _ID.findall(file.read_bytes())}
        except OSError:  # being deleted
            continue
    return found


def _days(name: str, default: float) -> float | None:
    try:
        days = float(os.environ.get(name, ""))
    except ValueError:
        days = default
    return days if 0 < days < 1e6 else None
