"""How much room a person may take on a shared server, checked where something is about to be kept.

``$CNNVIZ_QUOTA_MB`` (default 2000; 0 for none) bounds what each owner keeps: uploads, data sets,
models, trainings, notes. Whoever sits at the machine itself (``storage.LOCAL_OWNER``) has no bound.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from cnnviz import belongings, storage
from cnnviz.errors import OverQuota

LIMIT = "CNNVIZ_QUOTA_MB"
DEFAULT_MB = 2000
MOST_THINGS = 3000  # entries of one person: a folder of millions of small files is slow for all
RUN_TAKES = 20_000_000  # bytes that a training is expected to take while it has not ended


def limit_bytes(owner: str) -> int | None:
    """What this person may keep in all; None without a bound."""
    if owner == storage.LOCAL_OWNER:
        return None
    try:
        limit = float(os.environ.get(LIMIT, ""))
    except ValueError:
        limit = DEFAULT_MB
    return round(limit * 1e6) if 0 < limit < 1e12 else None


def used_bytes(owner: str) -> int:
    """What this person keeps; a training that has not ended counts as it will probably be."""
    return _counted(belongings.of(owner))


@contextmanager
def room(owner: str, needed: int) -> Iterator[None]:
    """Keep something of ``needed`` bytes inside of this block: no other tab can do so meanwhile.

    Raises:
        OverQuota: there is not that much left for this person.
    """
    limit = limit_bytes(owner)
    if limit is None:
        yield
        return
    digest = hashlib.sha256(owner.encode()).hexdigest()[:24]
    folder = storage.home() / "quotas"
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder / digest, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _check(owner, needed, limit)
        yield
    finally:
        os.close(descriptor)


def check(owner: str, needed: int = 0) -> None:
    """Raise OverQuota where a person has not ``needed`` bytes left."""
    limit = limit_bytes(owner)
    if limit is not None:
        _check(owner, needed, limit)


def megabytes(size: float) -> str:
    """12345678 → “12.3 MB”."""
    if size >= 1e9:
        return f"{size / 1e9:,.1f} GB"
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"


def _check(owner: str, needed: int, limit: int) -> None:
    own = belongings.of(owner)
    if len(own) >= MOST_THINGS:
        raise OverQuota(
            "You keep {count} things on this server, and nobody may keep more. Delete what you no "
            "longer need on the page “Your things”.",
            count=f"{len(own):,}",
        )
    used = _counted(own)
    if used + needed > limit:
        raise OverQuota(
            "This needs {needed}, and of the {limit} that everybody has on this server you have "
            "used {used}. Delete what you no longer need on the page “Your things”.",
            needed=megabytes(needed),
            limit=megabytes(limit),
            used=megabytes(used),
        )


def _counted(own: list[belongings.Thing]) -> int:
    queue = storage.home() / "queue"
    total = 0
    for thing in own:
        pending = thing.kind == "run" and (queue / thing.identifier).exists()
        total += max(thing.size, RUN_TAKES) if pending else thing.size
    return total
