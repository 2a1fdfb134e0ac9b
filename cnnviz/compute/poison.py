"""Questions that end the process that computes them are not asked again and again."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict

from cnnviz.compute.engine import Job
from cnnviz.errors import WorkerLost

DEATHS = 2  # so many, and it is remembered
FIRST_S = 60.0  # for so long; four times as long after each further death
LONGEST_S = 3600.0
_REMEMBERED = 500


class Poison:
    """Remembers for a while which questions have ended how many workers. Safe between threads."""

    def __init__(self) -> None:
        self._deaths: OrderedDict[str, tuple[int, float]] = OrderedDict()  # how many, until when
        self._lock = threading.Lock()

    def note(self, job: Job) -> None:
        """A worker ended over this question."""
        key, now = _key(job), time.monotonic()
        with self._lock:
            deaths, until = self._deaths.pop(key, (0, now))
            deaths = deaths + 1 if now <= until + LONGEST_S else 1
            pause = min(FIRST_S * 4.0 ** max(deaths - DEATHS, 0), LONGEST_S)
            self._deaths[key] = (deaths, now + pause)
            while len(self._deaths) > _REMEMBERED:
                self._deaths.popitem(last=False)

    def check(self, job: Job) -> None:
        """Raise WorkerLost where a question is not tried again for the time being."""
        with self._lock:
            deaths, until = self._deaths.get(_key(job), (0, 0.0))
        left = until - time.monotonic()
        if deaths >= DEATHS and left > 0:
            raise WorkerLost(
                "This question has ended the process that computes it {count} times, so it is not "
                "tried again for {seconds} seconds. Try another image, another network or smaller "
                "settings.",
                count=deaths,
                seconds=max(1, round(left)),
            )


def _key(job: Job) -> str:
    if job.key is not None:
        return job.key
    text = json.dumps([job.name, job.parameters], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
