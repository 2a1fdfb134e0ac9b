"""The models that are kept: shipped ones, made ones, and the results of runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cnnviz import storage
from cnnviz.errors import BadInput, NotFound
from cnnviz.models.cards import FILE, Card
from cnnviz.models.references import CHECKPOINTS, MODEL_FILE, ModelReference, shipped_names
from cnnviz.runs import trials

OWNER_FILE = "owner.json"
MAX_TITLE = 80


@dataclass(frozen=True)
class Entry:
    """A model in the list. ``created`` is in seconds since 1970, 0 for shipped ones."""

    reference: str
    card: Card
    deletable: bool
    owner: str | None
    created: float


def list_models(owner: str | None = None) -> list[Entry]:
    """The shipped models in teaching order, then models and runs, newest first.

    Args:
        owner: list only what this person made, besides the shipped ones; None lists everybody's.
    """
    shipped = [f"shipped:{name}" for name in shipped_names()]
    entries = [Entry(name, ModelReference.parse(name).card, False, None, 0.0) for name in shipped]
    made = [e for e in _made() if owner is None or e.owner == owner]
    return entries + sorted(made, key=lambda e: (e.created, e.reference), reverse=True)


def delete_model(reference: str, owner: str = storage.LOCAL_OWNER) -> None:
    """Delete a model that this person made.

    Raises:
        BadInput: a shipped model, somebody else's, or the result of a run (delete the run).
        NotFound: it is not there (any more).
    """
    storage.remove(_own_folder(reference, owner))


@storage.needing_room()
def rename_model(reference: str, title: str, owner: str = storage.LOCAL_OWNER) -> None:
    """Give a model that this person made another title.

    Raises:
        BadInput: not this person's model (see ``delete_model``), or an empty title.
        NotFound: it is not there (any more).
        NotPossible: the disk is full.
    """
    folder = _own_folder(reference, owner)
    if not (title := title.strip()):
        raise BadInput("A model needs a name.")
    card = replace(ModelReference.parse(reference).card, title=title[:MAX_TITLE])
    storage.write_whole(folder / FILE, card.to_json().encode())


def _own_folder(reference: str, owner: str) -> Path:
    """The folder of a model that this person may change."""
    parsed = ModelReference.parse(reference)
    if parsed.kind == "shipped":
        raise BadInput("This model is part of cnnviz and stays as it is.")
    if parsed.kind != "model":
        raise BadInput("This is not a kept model; a training is deleted together with its run.")
    folder = parsed.folder
    if _ownership(folder)[0] != owner:
        raise BadInput("This model belongs to somebody else, so it cannot be changed by you.")
    return folder


def _made() -> Iterator[Entry]:
    for kind, ending in (("model", ""), ("run", "@best")):
        for folder in storage.area(f"{kind}s").iterdir():
            if kind == "run" and not _has_weights(folder):
                continue
            try:
                parsed = ModelReference.parse(f"{kind}:{folder.name}{ending}")
                card = parsed.card
            except (BadInput, NotFound):  # a folder being made or deleted, or none of ours
                continue
            owner, created, of_search = _ownership(folder)
            if of_search:  # the search is listed, with the best of them
                continue
            yield Entry(str(parsed), card, kind == "model", owner, created)


def _has_weights(folder: Path) -> bool:
    return (folder / MODEL_FILE).is_file() or any((folder / CHECKPOINTS).glob("*.npz"))


def _ownership(folder: Path) -> tuple[str | None, float, bool]:
    """Whose it is, since when, and whether it is a trial of a search that is there."""
    try:
        made = json.loads((folder / OWNER_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None, 0.0, False
    of_search = trials.is_there(made.get(trials.PARENT))
    return made.get("owner"), float(made.get("created", 0.0)), of_search
