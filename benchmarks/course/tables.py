"""The results as Markdown and as a picture: what docs/scaling.md shows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.course.deployment import GPU_FACTOR, Deployment, Lesson
from benchmarks.course.needs import BARS, FIELDS, Missed, NotEnough, missed, smallest
from benchmarks.course.services import Measured
from benchmarks.course.simulation import Outcome, simulate

STUDENTS = (40, 60, 100, 200, 500, 1000)
MOST = 1000
PATIENCE = (60.0, 300.0)  # bars for the first point of a curve, in seconds
TODAY = Deployment()
CHANGED = Deployment(quick_looks=True, static_elsewhere=True)
SHOWN = ("page", "coming", "start", "quick question", "long question", "first point")
# Nobody turns pages: for what depends on trainings alone.
ONLY_START = Lesson(MOST, 60.0, 60.0, think_s=(1e6, 1e6), patience_s=900.0, last_s=900.0)


@dataclass(frozen=True)
class Need:
    """What is enough; ``never`` are the bars that no number of anything holds."""

    deployment: Deployment
    outcome: Outcome
    never: tuple[Missed, ...] = ()

    @property
    def workers(self) -> int:
        """Of all pools together."""
        pools = 1 if self.deployment.one_pool else self.deployment.web
        return self.deployment.workers * pools


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
    return table(head, rows)


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


def needs(measured: Measured, students: int = MOST) -> dict[str, Need]:
    """The smallest numbers with which every bar is held."""
    with ProcessPoolExecutor() as pool:
        found = pool.map(partial(_need, measured.found, students), setups().values())
        return dict(zip(setups(), found, strict=True))


def needs_table(found: dict[str, Need]) -> str:
    head = ["", "web processes", "workers", "slots", "cores", "memory", "network", "nearest bar"]
    return table(head, [_needs_row(name, need) for name, need in found.items()])


def patience_table(measured: Measured) -> str:
    """What the wait for a first point costs."""
    factors = (None, GPU_FACTOR / 2, GPU_FACTOR)
    asked = [(bar, factor) for bar in PATIENCE for factor in factors]
    with ProcessPoolExecutor() as pool:
        slots = dict(zip(asked, pool.map(partial(_slots, measured.found), asked), strict=True))
    rows = [
        [
            f"{bar:.0f} s",
            str(slots[bar, None]),
            f"{slots[bar, None] * measured.training.width:.0f}",
            *(str(slots[bar, factor]) for factor in factors[1:]),
        ]
        for bar in PATIENCE
    ]
    cards = [f"cards, {f:.0f} ×" for f in (GPU_FACTOR / 2, GPU_FACTOR)]
    return table(["first point, p95", "slots without cards", "their cores", *cards], rows)


def _needs_row(name: str, need: Need) -> list[str]:
    deployment, outcome = need.deployment, need.outcome
    never = {one.kind: one for one in need.never}
    kinds = [kind for kind in BARS if kind not in never]
    worst = max(kinds, key=lambda kind: outcome.p(kind) / BARS[kind][0])
    numbers = {field: str(getattr(deployment, field)) for field in FIELDS.values()}
    numbers["workers"] = f"{need.workers}"
    if not deployment.one_pool and deployment.web > 1:
        numbers["workers"] += f" ({deployment.workers} each)"
    for kind, one in never.items():
        because = "" if one.because in FIELDS else f" ({one.because})"
        lost = f"no number holds “{kind}”: {one.seconds:.1f} s of {one.bar:.0f}{because}"
        field = FIELDS[BARS[kind][1]]
        numbers[field] = lost if field == "slots" else f"{numbers[field]}; {lost}"
    return [
        name,
        *numbers.values(),
        f"{outcome.cores:.0f}",
        f"{outcome.memory_mb / 1000:.0f} GB",
        f"{outcome.megabits:.0f} Mbit/s",
        f"{worst}: {outcome.p(worst):.1f} s of {BARS[worst][0]:.0f}",
    ]


def _need(found: dict, students: int, base: Deployment) -> Need:
    """What holds all bars, or all but those that nothing holds."""
    lesson, measured = Lesson(students), Measured(found)
    bars, never = dict(BARS), []
    while True:
        try:
            return Need(*smallest(lesson, measured, base, bars), tuple(never))
        except NotEnough as error:
            never.append(error.missed)
            del bars[error.missed.kind]
            if error.missed.kind == "first point":  # then there are as many slots as students
                base = replace(base, slots=students)


def _slots(found: dict, asked: tuple[float, float | None]) -> int:
    bar, factor = asked
    base = replace(CHANGED, gpu_factor=factor, one_pool=True, reserve=False)
    bars = {"first point": (bar, "training slots")}
    return smallest(ONLY_START, Measured(found), base, bars)[0].slots


def _one(deployment: Deployment, found: dict, students: int) -> Outcome:
    return simulate(Lesson(students), deployment, Measured(found))


def _bottleneck(outcome: Outcome) -> str:
    reasons = list(dict.fromkeys(one.because for one in missed(outcome)))
    return ", then ".join(reasons) or "nothing"


def _seconds(seconds: float, bar: float) -> str:
    text = f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"**{text}**" if seconds > bar else text


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """As Markdown."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
