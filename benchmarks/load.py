"""A class at work: ``python -m benchmarks.load [--sessions 60] [--runs 40] [--minutes 10]``.

A live server, and sixty people over real WebSockets on this machine. They come within a minute,
turn pages, ask for heatmaps of several networks and images, some of them new; forty start a
training, two watch trainings for as long as it lasts. Printed: errors (anything that a page shows
as an error, refused connections, statuses from 500), how long pages take, the web process's memory
and processor. Exit status 1 where a bar is missed. ``--small`` is a class of six for half a minute,
without bars for times: it is for machines that do other things meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.sessions import Lost, Session
from benchmarks.tables import Row, share, show
from benchmarks.viewers import processor_seconds, resident_bytes
from tests.browser.conftest import serving

PAGES = ("", "models", "data", "architecture", "feature_maps", "filters", "evaluation")
PAGES += ("mistakes", "feature_space", "train", "runs")
MODELS = {  # → the data set that its images are taken from
    "shipped:mnist_lenet5": "mnist",
    "shipped:fashion_mnist_vgg": "fashion_mnist",
    "shipped:cifar10_resnet": "cifar10",
}
KNOWN_IMAGES = 6  # of each data set, asked for again and again
NEW_SHARE = 0.1  # of the heatmaps
HEATMAP_SHARE = 0.5  # of all pages
SETTLED = 0.5  # part of the time after which memory has to be flat: the bounded caches are full
FLAT_FROM_S = 120.0  # a shorter time tells nothing about growth
_GONE = (Lost, OSError, EOFError, KeyError)


@dataclass(frozen=True)
class Plan:
    """``arrive`` and ``last`` in seconds, ``think`` the shortest and longest look at a page."""

    sessions: int = 60
    runs: int = 40
    watchers: int = 2
    arrive: float = 60.0
    last: float = 600.0
    think: tuple[float, float] = (5.0, 20.0)
    patience: float = 60.0
    most_s: float | None = 1.0


SMALL = Plan(6, 2, 1, arrive=5.0, last=30.0, think=(0.5, 2.0), patience=240.0, most_s=None)


@dataclass
class Seen:
    """Seconds by what was waited for, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    asked: set[tuple] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    moments: list[tuple[float, float]] = field(default_factory=list)  # when, seconds
    pages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    runs: list[str] = field(default_factory=list)
    new: Iterator[int] = field(default_factory=lambda: iter(range(KNOWN_IMAGES, 10_000)))

    def note(self, kind: str, key: tuple, seconds: float) -> None:
        """``kind`` once somebody has asked the same before, else “new” and ``kind``."""
        self.times[kind if key in self.asked else f"new {kind}"].append(seconds)
        if key in self.asked:
            self.moments.append((time.monotonic(), seconds))
            self.pages[key[0] or "home"].append(seconds)
        self.asked.add(key)

    def slowness(self, began: float, ended: float, parts: int = 12) -> list[float]:
        """The 95th percentile of what was known, for each part of the time."""
        found: list[list[float]] = [[] for _part in range(parts)]
        for moment, seconds in self.moments:
            found[min(parts - 1, int(parts * (moment - began) / (ended - began)))].append(seconds)
        return [round(share(part, 0.95), 2) for part in found if part]


class Student:
    """One person: comes, perhaps starts a training, and turns pages until the lesson ends."""

    def __init__(self, address: str, number: int, plan: Plan, seen: Seen) -> None:
        self.session = Session(address, plan.patience)
        self._plan, self._seen, self._number = plan, seen, number
        self._random = random.Random(number)

    async def attend(self, until: float) -> None:
        plan = self._plan
        await asyncio.sleep(plan.arrive * self._number / plan.sessions)
        try:
            began = time.perf_counter()
            await self.session.open("")
            self._seen.times["coming"].append(time.perf_counter() - began)
            if self._number < plan.runs:
                await self._start()
            while time.monotonic() < until:
                await asyncio.sleep(self._random.uniform(*plan.think))
                if self._number < plan.watchers:
                    await self._watch()
                elif self._random.random() < HEATMAP_SHARE:
                    await self._heatmap()
                else:
                    await self._turn()
        except _GONE as error:
            where = f"{self.session.page}?{self.session.query}"
            self._seen.problems.append(f"{where}: {type(error).__name__} {error}")

    async def _start(self) -> None:
        """Press Start with the usual settings: Clothes, Tiny VGG."""
        await self._visit("train")
        began = time.perf_counter()
        await self.session.rerun(pressed="start-training")
        while "run=" not in self.session.query:
            await asyncio.sleep(0.05)
            if time.perf_counter() - began > self._plan.patience:
                raise TimeoutError("no training was started")
        self._seen.times["start"].append(time.perf_counter() - began)
        self._seen.runs.append(self.session.query.partition("run=")[2].partition("&")[0])

    async def _watch(self) -> None:
        """Stay with one that is at work; when it has ended, another one."""
        if not self.session.watching.active and self._seen.runs:
            await self.session.go("train", f"run={self._random.choice(self._seen.runs)}")

    async def _turn(self) -> None:
        model = self._random.choice(list(MODELS))
        page = self._random.choice(PAGES)
        await self._visit(page, "" if page in ("train", "runs") else f"model={model}")

    async def _visit(self, page: str, query: str = "") -> None:
        key = (page, query)
        took = await self.session.go(page, query)
        self._seen.note("page", key, took)
        await self.session.pictures()

    async def _heatmap(self) -> None:
        model = self._random.choice(list(MODELS))
        new = self._random.random() < NEW_SHARE
        index = next(self._seen.new) if new else self._random.randrange(KNOWN_IMAGES)
        query = f"model={model}&image=data:{MODELS[model]}/test/{index}"
        began = time.perf_counter()
        await self.session.go("heatmaps", query)
        shown = await self.session.pictures()
        took = time.perf_counter() - began
        if not any(key.startswith("crisp-heat-grad_cam") for key in shown):
            self._seen.problems.append(f"heatmaps?{query}: no heatmap was shown")
        self._seen.note("heatmap", ("heatmaps", query), took)


async def measure(pid: int, every: float, until: float) -> list[tuple[float, float, float]]:
    """(seconds, resident bytes, processor seconds) of the web process, again and again."""
    found = []
    while time.monotonic() < until:
        found.append((time.monotonic(), float(resident_bytes(pid)), processor_seconds(pid)))
        await asyncio.sleep(every)
    return found


async def lesson(address: str, pid: int, plan: Plan) -> tuple[Seen, list[Session], list[tuple]]:
    """Everything that happens, after the server has warmed up."""
    first = Session(address, patience=240.0)
    await first.open("heatmaps", "model=shipped:mnist_lenet5&image=data:mnist/test/9999")
    await first.close()
    seen = Seen()
    until = time.monotonic() + plan.arrive + plan.last
    students = [Student(address, number, plan, seen) for number in range(plan.sessions)]
    *_, states = await asyncio.gather(
        *(student.attend(until) for student in students), measure(pid, 1.0, until)
    )
    sessions = [student.session for student in students]
    for session in sessions:
        await session.close()
    return seen, sessions, states


def table(plan: Plan, seen: Seen, sessions: list[Session], states: list, home: Path) -> list[Row]:
    """All figures; problems are printed one by one before."""
    problems = list(seen.problems)
    for session in sessions:
        problems += session.errors + [f"status {s}" for s in session.watching.refused]
        problems += ["a connection was lost"] * (session.losses + session.watching.lost)
    outcomes = [home / "runs" / run / "outcome.json" for run in seen.runs]
    ended = [json.loads(path.read_text())["status"] for path in outcomes if path.exists()]
    problems += ["a training has failed"] * ended.count("failed")
    for text in dict.fromkeys(problems):
        print(f"problem ({problems.count(text)} times): {text[:300]}")
    times, polls = seen.times, [p for s in sessions for p in s.watching.polls]
    (t0, before, used0), *_, (t1, after, used1) = states
    settled = [s for s in states if s[0] >= t0 + SETTLED * (t1 - t0)]
    slope = None
    if t1 - t0 >= FLAT_FROM_S:
        slope = statistics.linear_regression(*zip(*((t, b) for t, b, _ in settled), strict=True))
        slope = 60 * slope.slope / 1e6
    marks = [round(s[1] / 1e6) for s in states[:: max(1, len(states) // 12)]]
    print("web process, MB, twelve moments:", *marks)
    print("known pages and heatmaps, p95 in s, twelve moments:", *seen.slowness(t0, t1))
    print("by page:", *(f"{page} {share(t, 0.95):.2f}" for page, t in sorted(seen.pages.items())))
    return [
        Row("sessions", len(sessions)),
        Row("errors", len(problems), most=0),
        Row("trainings started (of those wanted, missing)", plan.runs - len(seen.runs), most=0),
        Row("trainings that have ended by now", len(ended)),
        Row("pages drawn", sum(map(len, times.values()))),
        Row("coming: first page, p95, s", share(times["coming"], 0.95), 2),
        Row("a page, p50, s", share(times["page"], 0.5), 2),
        Row("a page, p95, s", share(times["page"], 0.95), 2, plan.most_s),
        Row("a page that nobody had opened before, p95, s", share(times["new page"], 0.95), 2),
        Row("a known heatmap with its pictures, p50, s", share(times["heatmap"], 0.5), 2),
        Row(
            "a known heatmap with its pictures, p95, s",
            share(times["heatmap"], 0.95),
            2,
            plan.most_s,
        ),
        Row("a new heatmap with its pictures, p95, s", share(times["new heatmap"], 0.95), 2),
        Row("pressing Start, p95, s", share(times["start"], 0.95), 2),
        Row("questions of those who watch", len(polls)),
        Row("such a question, p95, s", share(polls, 0.95), 2),
        Row("web process at the beginning, MB", before / 1e6),
        Row("web process at most, MB", max(b for _, b, _ in states) / 1e6, most=1000),
        Row("web process at the end, MB", after / 1e6),
        Row(
            f"growth in the last {t1 - settled[0][0]:.0f} s, MB a minute",
            slope,
            1,
            most=3.0 if t1 - t0 >= FLAT_FROM_S else None,
        ),
        Row("web process, share of one core", (used1 - used0) / (t1 - t0), 2),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--small", action="store_true", help="six people, half a minute")
    given = parser.parse_args()
    plan = SMALL if given.small else Plan(given.sessions, given.runs, last=60 * given.minutes)
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as (address, pid):
        seen, sessions, states = asyncio.run(lesson(address, pid, plan))
        held = show(table(plan, seen, sessions, states, Path(home)))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
