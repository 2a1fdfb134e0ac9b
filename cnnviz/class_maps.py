"""Which of a model's classes each class of a folder is, as its owner confirmed it.

A file ``class_maps/<digest>.json`` under ``$CNNVIZ_HOME`` for each owner, model and data set. It
holds the names that the person saw too: once the classes are called otherwise, it does not count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from cnnviz import quotas, storage

ClassMap = tuple[int | None, ...]
_MOST_BYTES = 1_000_000


def read_class_map(
    owner: str,
    model: str,
    dataset: str,
    dataset_names: Sequence[str],
    model_names: Sequence[str],
) -> ClassMap | None:
    """What an owner confirmed; None where nothing was, or where it does not fit any more.

    Args:
        owner: id of the person.
        model: reference of the finished network (``ModelReference.base``).
        dataset: name or reference of the data set.
        dataset_names: its classes.
        model_names: the model's classes.

    Returns:
        For each class of the data set the model's class, None for those it does not know.
    """
    try:
        path = _file(owner, model, dataset)
        if path.stat().st_size > _MOST_BYTES:
            return None
        kept = json.loads(path.read_text(encoding="utf-8"))
        classes = kept["class_map"]
        about = (kept["owner"], kept["model"], kept["dataset"])
        names = (kept["dataset_names"], kept["model_names"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None  # nothing kept, or a damaged file: the person is asked again
    if about != (owner, model, dataset) or names != (list(dataset_names), list(model_names)):
        return None
    usable = isinstance(classes, list) and len(classes) == len(dataset_names)
    if not usable or not all(c is None or _is_place(c, len(model_names)) for c in classes):
        return None
    return tuple(classes) if any(c is not None for c in classes) else None


@storage.needing_room()
def write_class_map(
    owner: str,
    model: str,
    dataset: str,
    dataset_names: Sequence[str],
    model_names: Sequence[str],
    class_map: Sequence[int | None],
) -> None:
    """Keep what an owner confirmed, in place of what was kept before; see ``read_class_map``.

    Raises:
        NotPossible: the disk is full.
        OverQuota: the person keeps as much as anybody may.
    """
    kept = {
        "owner": owner,
        "model": model,
        "dataset": dataset,
        "dataset_names": list(dataset_names),
        "model_names": list(model_names),
        "class_map": [None if c is None else int(c) for c in class_map],
    }
    data = json.dumps(kept, ensure_ascii=False).encode()
    path = _file(owner, model, dataset)
    more = len(data) - (path.stat().st_size if path.exists() else 0)
    if more > 0:
        quotas.check(owner, more)
    storage.write_whole(path, data)


def _is_place(value: object, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _file(owner: str, model: str, dataset: str) -> Path:
    digest = hashlib.sha256("\0".join((owner, model, dataset)).encode()).hexdigest()[:24]
    return storage.area("class_maps") / f"{digest}.json"
