"""Who is here: open tabs of each person, and when they were last seen, as this server knows it."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

_MOST = 2000  # people who are remembered after they have left

_lock = threading.Lock()
_tabs: Counter[str] = Counter()
_seen: OrderedDict[str, float] = OrderedDict()  # owner → seconds since 1970, the latest last


@contextmanager
def here(owner: str) -> Iterator[None]:
    """A tab of this person is open for as long as this block lasts."""
    with _lock:
        _tabs[owner] += 1
        _note(owner)
    try:
        yield
    finally:
        with _lock:
            _tabs[owner] -= 1
            if _tabs[owner] <= 0:
                del _tabs[owner]
            _note(owner)


def tabs() -> dict[str, int]:
    """Open tabs by owner; nobody who has none."""
    with _lock:
        return dict(_tabs)


def left(owner: str, for_s: float) -> bool:
    """Whether a person was here, and has had no tab open for so many seconds."""
    with _lock:
        return owner not in _tabs and time.time() - _seen.get(owner, float("inf")) > for_s


def last_seen() -> dict[str, float]:
    """When each person was last here, as far as this server remembers; now for open tabs."""
    now = time.time()
    with _lock:
        return {**_seen, **dict.fromkeys(_tabs, now)}


def _note(owner: str) -> None:
    _seen[owner] = time.time()
    _seen.move_to_end(owner)
    while len(_seen) > _MOST:
        _seen.popitem(last=False)
