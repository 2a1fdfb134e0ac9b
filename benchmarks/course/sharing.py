"""Cores that several processes share, in simulated time.

A process works at all its jobs at once and gives each the same share (Python's threads under their
one lock; a worker has one job). A machine gives its cores to the processes that have something to
do, in proportion to their weights, and to none more than its width: Linux' fair scheduler, without
its slices.
"""

from __future__ import annotations

import heapq
import itertools

import simpy

FOREGROUND, BACKGROUND = 1024.0, 110.0  # what Linux gives niceness 0 and 10
_NEARLY = 1e-9  # seconds of work that count as none


class Machine:
    """So many ``cores``; infinitely many where nobody is to wait for a core."""

    def __init__(self, env: simpy.Environment, cores: float = float("inf")) -> None:
        self.env, self.cores = env, cores
        self._at_work: set[Process] = set()

    def process(self, width: float = 1.0, weight: float = FOREGROUND) -> Process:
        """A new process on this machine; ``width`` is how many cores it can use at most."""
        return Process(self, width, weight)

    def changed(self, process: Process) -> None:
        """A process has begun or ended to work, or its width is another one."""
        (self._at_work.add if process.jobs else self._at_work.discard)(process)
        if self.cores == float("inf"):
            process.run_at(process.width)
            return
        for one, cores in _shares(self.cores, self._at_work):
            one.run_at(cores)


class Process:
    """Work is given in processor seconds; ``busy_s`` is what was done so far, ``occupied_s`` the
    seconds on the clock in which there was something to do."""

    def __init__(self, machine: Machine, width: float, weight: float) -> None:
        self.machine, self.width, self.weight = machine, width, weight
        self._env = machine.env
        self._ends: list[tuple[float, int, simpy.Event]] = []  # by the work that each job has had
        self._numbers = itertools.count()
        self._had = 0.0  # processor seconds that a job has had that was always there
        self._cores, self._since, self._version = 0.0, 0.0, 0
        self._done = self._occupied = 0.0

    @property
    def jobs(self) -> int:
        return len(self._ends)

    @property
    def busy_s(self) -> float:
        self._advance()
        return self._done

    @property
    def occupied_s(self) -> float:
        self._advance()
        return self._occupied

    def work(self, seconds: float, width: float | None = None) -> simpy.Event:
        """Do so much; the event comes when it is done."""
        done = self._env.event()
        if seconds <= 0:
            return done.succeed()
        self._advance()
        if width is not None:
            self.width = width
        heapq.heappush(self._ends, (self._had + seconds, next(self._numbers), done))
        if len(self._ends) == 1 or width is not None:
            self.machine.changed(self)
        else:
            self._plan()
        return done

    def run_at(self, cores: float) -> None:
        """So many cores are ours from now on."""
        self._advance()
        self._cores = cores
        self._plan()

    def _advance(self) -> None:
        now = self._env.now
        if self._ends and now > self._since:
            work = (now - self._since) * self._cores
            self._done += work
            self._occupied += now - self._since
            self._had += work / len(self._ends)
        self._since = now

    def _plan(self) -> None:
        """Wake when the next job is done, unless something changes before."""
        self._version += 1
        if self._ends and self._cores > 0:
            left = max(self._ends[0][0] - self._had, 0.0) * len(self._ends) / self._cores
            version = self._version
            self._env.timeout(left).callbacks.append(lambda _event: self._wake(version))

    def _wake(self, version: int) -> None:
        if version != self._version:
            return
        self._advance()
        while self._ends and self._ends[0][0] <= self._had + _NEARLY:
            heapq.heappop(self._ends)[2].succeed()
        if self._ends:
            self._plan()
        else:
            self.machine.changed(self)


def _shares(cores: float, processes: set[Process]) -> list[tuple[Process, float]]:
    """Who gets how many cores: what one cannot use goes to the others."""
    left, found = cores, []
    waiting = sorted(processes, key=lambda p: p.width / p.weight)
    weights = sum(p.weight for p in waiting)
    for process in waiting:
        given = min(process.width, left * process.weight / weights)
        found.append((process, given))
        left, weights = left - given, weights - process.weight
    return found
