"""Whose turn it is: forty people share a few workers.

Who has the fewest trainings at work comes first, then who came first. So one person's twenty runs
never keep another person waiting for more than one of them.

A run that learns on all graphics cards of the machine has it to itself. When its turn comes, nobody
after it gets one until those at work have ended: so it need not wait for ever, and, because it has
no better place than any other run, nor need anybody else.
"""

from __future__ import annotations

import contextlib
import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnnviz import machine, storage
from cnnviz.errors import NotFound
from cnnviz.runs import attempts, events, locks, queue
from cnnviz.runs.run import PAUSED, Run
from cnnviz.runs.usual_times import Kind, kind_of, seconds_an_epoch

LOOK_EVERY_S = 1.0  # all viewers of a process share one look at the queue


@dataclass(frozen=True)
class Place:
    """Where a waiting run stands.

    ``position`` is 1 for the next one, ``ahead`` the number of waiting runs that come first,
    ``seconds`` until it begins, None where nothing is known about those before it.
    """

    position: int
    ahead: int
    seconds: float | None


def next_turn(
    announce: Callable[[str], None] = lambda run_id: None,
) -> tuple[Run, locks.Hold] | None:
    """The run to carry out next and the hold on its lock; None when nobody waits.

    ``announce`` is called with its id before anybody else may look at the queue. A run at which
    several workers have died without getting further is not handed out again: it has failed.
    """
    with queue.locked():
        at_work, waiting = look(tidy=True)
        if any(map(wants_every_card, at_work)):
            return None
        for run in _in_order([run.owner for run in at_work], waiting):
            if at_work and wants_every_card(run):
                return None
            if (lock := _take(run)) is not None:
                announce(run.id)
                return run, lock
    return None


def wants_every_card(run: Run) -> bool:
    """Whether a run learns on all of several graphics cards, and so beside no other run."""
    return run.config.get("devices") == "all" and len(machine.all_gpus()) > 1


def look(tidy: bool = False) -> tuple[list[Run], list[Run]]:
    """The runs of the queue that are at work, and those that wait, by arrival.

    ``tidy`` removes entries of runs that have ended, rest or were deleted.
    """
    at_work, waiting = [], []
    for run_id in queue.queued():
        try:
            run = Run(run_id)
            if locks.is_held(run.folder):
                at_work.append(run)
            elif run.outcome is None and not (run.folder / PAUSED).exists():
                waiting.append(run)
            elif tidy:
                queue.withdraw(run_id)
        except NotFound:
            if tidy:
                queue.withdraw(run_id)
    return at_work, waiting


def pending_of(owner: str) -> int:
    """How many runs of a person wait or are at work."""
    return sum(run.owner == owner for runs in look() for run in runs)


def place_of(run: Run) -> Place:
    """Where a waiting run stands, and when it will probably begin; cheap for many viewers."""
    places = _shared.places()
    waits = run.parent or run.id  # a trial's turn is its search's
    if waits not in places:
        places = _shared.places(afresh=queue.is_queued(waits))
    return places.get(waits, Place(1, 0, 0.0))  # its turn has just come


def _take(run: Run) -> locks.Hold | None:
    """The lock of a run that may begin; None for any other, one deleted in this moment too."""
    lock = None
    with contextlib.suppress(NotFound, FileNotFoundError):
        lock = locks.take(run.folder, patience=0.05)
        if lock is not None and _may_begin(run):
            return lock
    if lock is not None:
        locks.let_go(lock)
    return None


def _may_begin(run: Run) -> bool:
    """Look again, now that nobody else can take it."""
    if run.outcome is not None or (run.folder / PAUSED).exists():
        queue.withdraw(run.id)
        return False
    if attempts.in_vain(run.folder) < attempts.ENOUGH:
        return True
    with contextlib.suppress(OSError):  # a full disk: it is lost then, and can be resumed
        run.end("failed", attempts.reason(attempts.ENOUGH))
    queue.withdraw(run.id)
    return False


def _in_order(owners_at_work: Sequence[str], waiting: Sequence[Run]) -> list[Run]:
    """The waiting runs (given by arrival) as their turns would come if nothing ended meanwhile."""
    busy = Counter(owners_at_work)
    numbered = []
    for arrival, run in enumerate(waiting):
        numbered.append((busy[run.owner], arrival, run))
        busy[run.owner] += 1
    return [run for _share, _arrival, run in sorted(numbered, key=lambda entry: entry[:2])]


class _Shared:
    """The places of all waiting runs, worked out once for everybody who asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._home, self._until = None, 0.0
        self._places: dict[str, Place] = {}

    def places(self, afresh: bool = False) -> dict[str, Place]:
        with self._lock:
            now, home = time.monotonic(), storage.home()
            if afresh or now > self._until or home != self._home:
                self._home, self._until = home, now + LOOK_EVERY_S
                with contextlib.suppress(NotFound):  # deleted in this moment: the next look tells
                    self._places = _estimate(*look())
            return self._places


_shared = _Shared()


def _estimate(at_work: list[Run], waiting: list[Run]) -> dict[str, Place]:
    """Play the queue through: whoever ends makes room for the one whose turn it is then.

    All workers are busy while somebody waits (or will be in a moment), so that there are as many
    places as runs at work. A run that wants every card begins when the last of them has ended, and
    they go on when it has.
    """
    needs = _Needs(at_work)
    busy = Counter(run.owner for run in at_work)
    ends: list[tuple[float, int, str]] = []  # seconds from now, tie-break, owner
    for number, run in enumerate(at_work):
        heapq.heappush(ends, (needs.left(run), number, run.owner))
    left, places = list(waiting), {}
    while left:
        seconds = 0.0
        if ends:
            seconds, _number, owner = heapq.heappop(ends)
            busy[owner] -= 1
        run = min(left, key=lambda r: busy[r.owner])  # the first of equals came first
        if wants_every_card(run):
            seconds = max([seconds, *(end for end, _number, _owner in ends)])
            busy.clear()
            ends = [(seconds + needs.whole(run), number, "") for _end, number, _owner in ends]
        left.remove(run)
        position = len(places) + 1
        known = None if seconds == float("inf") else seconds
        places[run.id] = Place(position, position - 1, known)
        busy[run.owner] += 1
        heapq.heappush(ends, (seconds + needs.whole(run), len(at_work) + position, run.owner))
    return places


class _Needs:
    """Seconds that runs still need; infinite where nothing is known."""

    def __init__(self, at_work: list[Run]) -> None:
        self._epoch: dict[Kind, float] = {}  # seconds, of what is at work: all there is at first
        for run in at_work:
            progress = run.progress
            if progress.seconds_left and progress.fraction < 1:
                whole = progress.seconds_left / (1 - progress.fraction)
                self._epoch[kind_of(run.config)] = whole / progress.epochs

    def left(self, run: Run) -> float:
        """Of a run at work."""
        seconds = run.progress.seconds_left
        return self.whole(run) if seconds is None else seconds

    def whole(self, run: Run) -> float:
        """Of a run that waits; part of it may be done already."""
        kind = kind_of(run.config)
        epoch = seconds_an_epoch(kind) or self._epoch.get(kind)
        if epoch is None:
            return float("inf")
        # Of a search, each trial is a turn of its own.
        begun = run.search is None and (run.folder / events.FILE).exists()
        return epoch * run.config.get("epochs", 1) * (1 - run.progress.fraction if begun else 1)
