"""What a deployment has to have so that everybody is served in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmarks.course.deployment import Deployment, Lesson
from benchmarks.course.services import Measured
from benchmarks.course.simulation import WINDOW_S, Outcome, simulate

# Seconds, 95 % of all: what may be waited for, and what it is that makes people wait.
BARS: Mapping[str, tuple[float, str]] = {
    "coming": (5.0, "web processes"),
    "page": (2.0, "web processes"),
    "known heatmap": (2.0, "web processes"),
    "start": (2.0, "web processes"),
    "poll": (1.0, "web processes"),
    "quick question": (2.0, "workers"),
    "long question": (60.0, "workers"),
    "first point": (60.0, "training slots"),
}
FIELDS = {"web processes": "web", "workers": "workers", "training slots": "slots"}
_SURELY = 0.85  # of what the work needs is not enough
_FULL = 0.95  # what is busier than that is the bottleneck, not what waits for it


@dataclass(frozen=True)
class Missed:
    """A bar that is not held."""

    kind: str
    seconds: float
    bar: float
    because: str


class NotEnough(Exception):
    """Whatever the numbers, this bar is not held."""

    def __init__(self, missed: Missed) -> None:
        super().__init__(missed.because)
        self.missed = missed


def missed(outcome: Outcome, bars: Mapping[str, tuple[float, str]] = BARS) -> list[Missed]:
    """The bars that are not held, the worst first."""
    found = []
    for kind, (bar, because) in bars.items():
        if (seconds := outcome.p(kind)) > bar:
            if because == "training slots" and outcome.busy["lock of the queue"] > _FULL:
                because = "lock of the queue"
            found.append(Missed(kind, seconds, bar, because))
    return sorted(found, key=lambda one: -one.seconds / one.bar)


def smallest(
    lesson: Lesson,
    measured: Measured,
    base: Deployment,
    bars: Mapping[str, tuple[float, str]] = BARS,
) -> tuple[Deployment, Outcome]:
    """The fewest web processes, workers and slots with which all bars are held.

    Each is looked for while there is plenty of the others, from what the work alone needs upwards;
    then all together, with more of whatever is short.

    Raises:
        NotEnough: of something no number is enough.
    """
    plenty = Deployment(
        **{**vars(base), "web": lesson.students // 40 + 2, "slots": lesson.students}
    )
    plenty = replace(plenty, workers=lesson.students // 12 + 6 if base.one_pool else 12)
    fewest = base
    for name, field in FIELDS.items():
        own = {kind: bar for kind, bar in bars.items() if bar[1] == name}
        if not own:  # nobody asks for these: plenty, so that nobody waits for them either
            fewest = replace(fewest, **{field: getattr(plenty, field)})
            continue
        # Trainings need nothing of what those who turn pages need.
        if name == "training slots":
            only = replace(lesson, think_s=(1e6, 1e6))
            few = replace(plenty, workers=1, one_pool=True)
            count = _fewest(only, measured, few, field, own, name)
        else:
            count = _fewest(lesson, measured, plenty, field, own, name)
        fewest = replace(fewest, **{field: count})
        if field == "web":  # where pools come with them, so many there are from now on
            plenty = replace(plenty, web=count)
    while short := missed(outcome := simulate(lesson, fewest, measured), bars):
        if short[0].because not in FIELDS:
            raise NotEnough(short[0])
        field = FIELDS[short[0].because]
        count = getattr(fewest, field)
        if count > 2 * getattr(plenty, field):
            raise NotEnough(short[0])
        fewest = replace(fewest, **{field: count + max(1, count // 25)})
    return fewest, outcome


def _fewest(
    lesson: Lesson,
    measured: Measured,
    plenty: Deployment,
    field: str,
    bars: Mapping[str, tuple[float, str]],
    name: str,
) -> int:
    """Bisect between what is missing and what is enough."""

    def short(count: int) -> list[Missed]:
        return missed(simulate(lesson, replace(plenty, **{field: count}), measured), bars)

    enough = getattr(plenty, field)
    outcome = simulate(lesson, plenty, measured)
    if found := missed(outcome, bars):
        raise NotEnough(found[0])
    # With plenty, the work of the busiest minute is done within it; now it may take longer.
    longer = WINDOW_S + lesson.start_within_s + max(bar for bar, _because in bars.values())
    missing = int(_SURELY * outcome.busy[name] * enough * WINDOW_S / longer)
    while enough - missing > max(1, missing // 12):
        middle = (enough + missing) // 2
        if enough == getattr(plenty, field):  # from below: what has little takes less to simulate
            middle = min(middle, missing + max(1, missing // 4))
        if short(middle):
            missing = middle
        else:
            enough = middle
    return enough
