"""A real class beside a simulated one: ``python -m benchmarks.course validate``.

The same people, with the same rules for what they do next, meet the real app on this machine for
two minutes and the simulation of this machine. What they wait for and how busy the processes are
stands side by side; a figure is held where it is within ``FACTOR`` of the real one, or no further
from it than ``SLACK``.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from benchmarks.course.deployment import Deployment, Lesson
from benchmarks.course.measure import SLOTS
from benchmarks.course.services import Measured
from benchmarks.course.simulation import Outcome, simulate
from benchmarks.course.tables import table
from benchmarks.load import KNOWN_IMAGES, MODELS, PAGES
from benchmarks.sessions import Session
from benchmarks.tables import share
from benchmarks.viewers import processor_seconds, started
from cnnviz import machine
from cnnviz.compute.registry import QUESTIONS
from tests.browser.conftest import serving

LESSON = Lesson(
    16,
    arrive_s=15,
    start_at_s=25,
    start_within_s=15,
    patience_s=60,
    last_s=110,
    think_s=(1.0, 5.0),
    new=0.3,
    long=0.0,
)
WORKERS = 2
FACTOR = 2.0
SLACK = {"s": 0.15, "share": 0.05}


@dataclass
class Reality:
    """What was seen: seconds by kind, and shares of time by process."""

    waits: dict[str, list[float]] = field(default_factory=dict)
    busy: dict[str, float] = field(default_factory=dict)

    def note(self, kind: str, seconds: float) -> None:
        self.waits.setdefault(kind, []).append(seconds)


class Student:
    """A real session that does what ``simulation.Student`` does."""

    def __init__(self, address: str, number: int, seen: Reality, home: Path) -> None:
        self.session = Session(address, patience=240.0)
        self._random = random.Random(number)
        self._seen, self._home, self._own = seen, home, ""

    async def attend(self, until: float) -> None:
        lesson, began = LESSON, time.monotonic()
        await asyncio.sleep(self._random.uniform(0, lesson.arrive_s))
        since = time.perf_counter()
        await self.session.open("")
        self._seen.note("coming", time.perf_counter() - since)
        within = self._random.uniform(0, lesson.start_within_s)
        press_at = began + lesson.start_at_s + within
        while True:
            look = self._random.uniform(*lesson.think_s)
            if time.monotonic() + look > min(press_at, until):
                if until < press_at:
                    return
                await asyncio.sleep(max(press_at - time.monotonic(), 0.0))
                press_at = float("inf")
                await self._train()
            else:
                await asyncio.sleep(look)
                await self._turn()

    async def _turn(self) -> None:
        own = self._own if self._own and self._random.random() < LESSON.own else ""
        if self._random.random() < LESSON.heatmaps:
            await self._heatmap(own)
            return
        page = self._random.choice(PAGES)
        model = own or self._random.choice(list(MODELS))
        took = await self.session.go(page, "" if page in ("train", "runs") else f"model={model}")
        if not own:
            self._seen.note("page", took)

    async def _heatmap(self, own: str) -> None:
        model = own or self._random.choice(list(MODELS))
        new = self._random.random() < LESSON.new
        index = self._random.randrange(KNOWN_IMAGES, 10_000) if new else self._random.randrange(6)
        data = MODELS.get(model, "fashion_mnist")
        took = await self.session.go("heatmaps", f"model={model}&image=data:{data}/test/{index}")
        self._seen.note("heatmap", took)

    async def _train(self) -> None:
        await self.session.go("train")
        pressed, since = time.time(), time.perf_counter()
        run = await started(self.session)
        self._seen.note("start", time.perf_counter() - since)
        outcome = self._home / "runs" / run / "outcome.json"
        leaves = time.monotonic() + LESSON.patience_s
        while not outcome.exists() and time.monotonic() < leaves:
            await asyncio.sleep(0.2)
        self._own = f"run:{run}@best" if outcome.exists() else ""
        if point := self._first_point(run):
            self._seen.note("first point", point - pressed)

    def _first_point(self, run: str) -> float | None:
        diary = self._home / "runs" / run / "events.jsonl"
        events = map(json.loads, diary.read_bytes().splitlines() if diary.exists() else [])
        return next((e["time"] for e in events if e["kind"] == "batch"), None)


async def _attend(address: str, pid: int, home: Path) -> Reality:
    seen = Reality()
    first = Session(address, patience=240.0)
    await first.open("heatmaps", "model=shipped:mnist_lenet5&image=data:mnist/test/9999")
    await asyncio.sleep(30.0)  # workers and spares get ready
    await first.close()
    began = time.monotonic()
    until, before = began + LESSON.last_s, processor_seconds(pid)
    logged = time.time()
    students = [Student(address, n, seen, home) for n in range(LESSON.students)]
    await asyncio.gather(*(student.attend(until) for student in students))
    took = time.monotonic() - began
    seen.busy["web processes"] = (processor_seconds(pid) - before) / took
    for student in students:
        await student.session.close()
    computing = _questions(home / "logs" / "web.log", seen, logged)
    seen.busy["workers"] = computing / took / WORKERS
    return seen


def _questions(log: Path, seen: Reality, since: float) -> float:
    """Note what the log says of questions; the seconds that workers were at them."""
    computing = 0.0
    for line in log.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        ended = datetime.fromisoformat(said["time"]).timestamp()
        if said["message"] == "A question ended" and ended > since:
            seen.note(f"{QUESTIONS[said['question']].cost} in line", said["in_line_s"])
            computing += said["computing_s"]
    return computing


def compared(real: Reality, found: Outcome) -> list[tuple[str, float, float, str]]:
    """(name, real, simulated, unit) of everything that is held side by side."""
    found.waits["heatmap"] = found.waits["known heatmap"] + found.waits["new heatmap"]
    rows = []
    for kind, part in (
        ("page", 0.5),
        ("page", 0.95),
        ("heatmap", 0.5),
        ("heatmap", 0.95),
        ("start", 0.5),
        ("first point", 0.5),
        ("first point", 0.95),
        ("quick in line", 0.95),
    ):
        name = f"{kind}, {'median' if part == 0.5 else 'p95'}, s"
        rows.append((name, share(real.waits.get(kind, []), part) or 0.0, found.p(kind, part), "s"))
    busy = {
        "web processes": found.mean_busy["web processes"],
        "workers": found.computing_s / LESSON.last_s / WORKERS,
    }
    rows += [(f"{n}, share of the time", real.busy[n], said, "share") for n, said in busy.items()]
    return rows


def validate() -> tuple[str, bool]:
    """Both side by side as Markdown; whether all figures are held."""
    settings = {**SLOTS, "CNNVIZ_WORKERS": str(WORKERS)}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), **settings) as (at, pid):
        real = asyncio.run(_attend(at, pid, Path(folder)))
    here = Deployment(workers=WORKERS, reserve=False, cores=machine.cores(), static_elsewhere=True)
    held, rows = True, []
    for name, seen, said, unit in compared(real, simulate(LESSON, here, Measured.read())):
        ratio = said / seen if seen else float("nan")
        near = abs(seen - said) <= SLACK[unit] or 1 / FACTOR <= ratio <= FACTOR
        held &= near
        rows.append(
            [name, f"{seen:.3f}", f"{said:.3f}", f"{ratio:.2f}", "yes" if near else "**no**"]
        )
    bar = f"within a factor of {FACTOR:.0f}, {SLACK['s']} s or {SLACK['share']:.0%} of the time"
    said = f"{LESSON.students} people for {LESSON.last_s:.0f} s on {machine.cores()} cores; {bar}."
    return f"{said}\n\n{table(['', 'real', 'simulated', 'ratio', 'held'], rows)}", held
