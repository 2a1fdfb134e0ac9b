"""The results as Markdown and as a picture: what docs/scaling.md shows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

from benchmarks.course.deployment import GPU_FACTOR, Deployment, Lesson
from benchmarks.course.needs import BARS, missed, smallest
from benchmarks.course.services import Measured
from benchmarks.course.simulation import Outcome, simulate

STUDENTS = (40, 60, 100, 200, 500, 1000)
MOST = 1000
PATIENCE = (60.0, 180.0, 600.0)  # bars for the first point of a curve, in seconds
TODAY = Deployment()
CHANGED = Deployment(quick_looks=True, static_elsewhere=True)
SHOWN = ("page", "coming", "start", "quick question", "long question", "first point")
# Nobody turns pages: for what depends on trainings alone.
ONLY_START = Lesson(MOST, 60.0, 120.0, think_s=(1e6, 1e6), patience_s=900.0, last_s=1200.0)


def growing(measured: Measured) -> dict[int, Outcome]:
    """One server as it is set up today, with ever more students."""
    with ProcessPoolExecutor() as pool:
        play = partial(_one, TODAY, measured.found)
        return dict(zip(STUDENTS, pool.map(play, STUDENTS), strict=True))


def growing_table(found: dict[int, Outcome]) -> str:
    rows = [
        [
            f"{students:,}",
            *(_seconds(outcome.p(kind), BARS[kind][0]) for kind in SHOWN),
            *(f"{outcome.busy[n]:.0%}" for n in ("web processes", "workers", "training slots")),
            _bottleneck(outcome),
        ]
        for students, outcome in found.items()
    ]
    head = ["students", *SHOWN, "web process busy", "workers busy", "slots busy", "short of"]
    return _table(head, rows)


def setups() -> dict[str, Deployment]:
    """What a course may be served by."""
    gpu = replace(CHANGED, gpu_factor=GPU_FACTOR)
    return {
        "as it is, several web processes": TODAY,
        "looks that stay short, files of browsers from elsewhere": CHANGED,
        "the same, one pool of workers for all": replace(CHANGED, one_pool=True, reserve=False),
        f"the same, graphics cards ({GPU_FACTOR:.0f} × as fast)": replace(
            gpu, one_pool=True, reserve=False
        ),
    }


def needs_table(measured: Measured, students: int = MOST) -> str:
    """The smallest numbers with which every bar is held."""
    names, found = list(setups()), setups().values()
    with ProcessPoolExecutor() as pool:
        rows = list(pool.map(partial(_needs_row, measured.found, students), names, found))
    head = ["", "web processes", "workers", "slots", "cores", "memory", "network", "worst"]
    return _table(head, rows)


def patience_table(measured: Measured) -> str:
    """What the wait for a first point costs."""
    rows = []
    for bar in PATIENCE:
        bars = {"first point": (bar, "training slots")}
        slots = []
        for factor in (None, GPU_FACTOR / 2, GPU_FACTOR, 2 * GPU_FACTOR):
            base = replace(CHANGED, gpu_factor=factor, one_pool=True, reserve=False)
            slots.append(smallest(ONLY_START, measured, base, bars)[0].slots)
        cores = slots[0] * measured.training.width
        rows.append([f"{bar:.0f} s", f"{slots[0]}", f"{cores:.0f}", *map(str, slots[1:])])
    cards = [f"cards, {f:.0f} ×" for f in (GPU_FACTOR / 2, GPU_FACTOR, 2 * GPU_FACTOR)]
    return _table(["first point, p95", "slots without cards", "their cores", *cards], rows)


def _needs_row(found: dict, students: int, name: str, base: Deployment) -> list[str]:
    lesson = Lesson(students)
    try:
        deployment, outcome = smallest(lesson, Measured(found), base)
    except ValueError as error:
        return [name, *["–"] * 6, str(error)]
    worst = max(BARS, key=lambda kind: outcome.p(kind) / BARS[kind][0])
    pools = 1 if deployment.one_pool else deployment.web
    workers = f"{deployment.workers * pools}"
    if pools > 1:
        workers += f" ({deployment.workers} each)"
    return [
        name,
        str(deployment.web),
        workers,
        str(deployment.slots),
        f"{outcome.cores:.0f}",
        f"{outcome.memory_mb / 1000:.0f} GB",
        f"{outcome.megabits:.0f} Mbit/s",
        f"{worst}: {outcome.p(worst):.1f} s",
    ]


def _one(deployment: Deployment, found: dict, students: int) -> Outcome:
    return simulate(Lesson(students), deployment, Measured(found))


def _bottleneck(outcome: Outcome) -> str:
    reasons = list(dict.fromkeys(one.because for one in missed(outcome)))
    return ", then ".join(reasons) or "nothing"


def _seconds(seconds: float, bar: float) -> str:
    text = f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"**{text}**" if seconds > bar else text


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
