"""The trials of a search for good settings: runs of their own, listed in the search's folder.

::

    search.json    what is tried, and how         trials.json  the trials so far
    oracle.json    the state of KerasTuner        model.keras, card.json  of the best trial

A trial's folder names its search in ``owner.json``. Only the best few keep their weights.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cnnviz import belongings, storage

SEARCH, FILE = "search.json", "trials.json"
PARENT = belongings.PARENT
KEPT = 3  # so many of the best trials keep their weights
_PROGRESS = ("events.jsonl", "card.json", "checkpoints", "insights", "resume")
_WEIGHTS = ("model.keras", "checkpoints", "resume")


@dataclass(frozen=True)
class Trial:
    """What one trial tries.

    ``number`` counts from 1. ``run`` is the id of its run, ``values`` what is set, by the names of
    ``training.search_config``. It learns for ``epochs``; where it goes on from the trial of the
    number ``begun_by``, the ``first`` ones of them were that one's.
    """

    number: int
    run: str
    values: dict[str, object] = field(default_factory=dict)
    epochs: int = 0
    first: int = 0
    begun_by: int | None = None


def listed(folder: Path) -> tuple[Trial, ...]:
    """The trials of a search by number; none for a folder that is not one."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(Trial(**trial) for trial in found)


def write(folder: Path, trials: tuple[Trial, ...]) -> None:
    """Replace the list; raises OSError (disk full)."""
    text = json.dumps([asdict(trial) for trial in trials], ensure_ascii=False)
    storage.write_whole(folder / FILE, text.encode())


def folders(folder: Path) -> list[Path]:
    """The folders of a search's trials, as far as they are there."""
    runs = [storage.area("runs") / trial.run for trial in listed(folder)]
    return [path for path in runs if path.is_dir()]


def is_there(search: object) -> bool:
    """Whether there is a search under this id (still)."""
    known = isinstance(search, str) and storage.is_id(search)
    return known and (storage.area("runs") / search / SEARCH).is_file()


def copy_progress(source: Path, target: Path) -> None:
    """Take over how far a run has come, so that another one goes on from there."""
    for name in _PROGRESS:
        path = source / name
        if path.is_dir():
            shutil.copytree(path, target / name, dirs_exist_ok=True)
        elif path.exists():
            shutil.copyfile(path, target / name)


def let_weights_go(folder: Path, keep_state: bool = False) -> None:
    """Keep of a trial what is small: settings, diary, insights and outcome.

    ``keep_state`` leaves what a longer trial would go on from.
    """
    for name in _WEIGHTS:
        path = folder / name
        if name == "resume" and keep_state:
            continue
        with contextlib.suppress(FileNotFoundError):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
