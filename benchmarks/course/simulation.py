"""A lesson in simulated time: what students wait for, and how busy everything is.

The people are those of ``benchmarks/load.py``: after each look at a page the next one is drawn at
random, so a course is a Markov chain of pages. Service times are means of what was measured; what
varies is what people do, and when.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import simpy

from benchmarks.course.deployment import Deployment, Lesson
from benchmarks.course.pool import Pool, simulated_clock
from benchmarks.course.services import Measured
from benchmarks.course.sharing import Machine
from benchmarks.course.trainings import Trainings
from benchmarks.course.web import WebProcess
from benchmarks.load import KNOWN_IMAGES, MODELS, PAGES
from benchmarks.tables import share

LONG = ("embedding", "filters", "trust_curves")
# What the pages ask about a network that nobody has asked about; of shipped ones it is there.
OWN_ASKS = {
    "feature_maps": "feature_maps",
    "filters": "filters",
    "evaluation": "evaluate",
    "mistakes": "evaluate",
    "feature_space": "embedding",
}
WINDOW_S = 60.0  # in which something may be busiest


@dataclass
class Outcome:
    """``waits``: seconds by what was waited for; ``unanswered`` of them had no end. ``busy`` and
    ``mean_busy``: by resource, the share of its time in the busiest minute and in all.
    ``answered`` questions were computed in ``computing_s``, ``shared`` ones waited for somebody
    else's answer.
    ``memory_mb``, ``cores`` and ``megabits`` a second (both of the busiest minute) are what all
    processes together need.
    """

    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    busy: dict[str, float] = field(default_factory=dict)
    mean_busy: dict[str, float] = field(default_factory=dict)
    answered: int = 0
    computing_s: float = 0.0
    shared: int = 0
    unanswered: int = 0
    memory_mb: float = 0.0
    cores: float = 0.0
    megabits: float = 0.0

    def p(self, kind: str, part: float = 0.95) -> float:
        """A percentile; 0 where nobody waited for that."""
        return share(self.waits[kind], part) or 0.0


class Course:
    """All that there is in a lesson, before it begins."""

    def __init__(
        self, lesson: Lesson, deployment: Deployment, measured: Measured, seed: int = 0
    ) -> None:
        if deployment.quick_looks:
            measured = measured.with_quick_looks()
        self.lesson, self.deployment, self.measured, self.seed = lesson, deployment, measured, seed
        self.env = simpy.Environment()
        self.outcome = Outcome()
        machine, kept = Machine(self.env, deployment.cores), set()
        self.trainings = Trainings(machine, measured, deployment)
        self.webs = [
            WebProcess(machine, measured, self.trainings) for _web in range(deployment.web)
        ]
        self.pools = [
            Pool(machine, measured, deployment.workers, kept, deployment.reserve)
            for _pool in range(1 if deployment.one_pool else deployment.web)
        ]
        self.new_images = iter(range(KNOWN_IMAGES, 10**9))

    def run(self) -> Outcome:
        """Play the lesson."""
        with simulated_clock(self.env):
            students = [Student(self, number) for number in range(self.lesson.students)]
            for student in students:
                self.env.process(student.attend())
            self.env.process(self._observe())
            self.env.run(until=self.lesson.last_s)
        for student in students:
            for kind, since in student.waiting_for.items():
                self.outcome.waits[kind].append(max(self.lesson.last_s - since, 0.0))
                self.outcome.unanswered += 1
        self._sum_up()
        return self.outcome

    def _used(self) -> dict[str, float]:
        """Seconds so far: of a core for web processes, occupied ones of the rest, a mean each; and
        of all cores, and megabits."""
        groups = {
            "web processes": [web.process for web in self.webs],
            "workers": [worker.process for pool in self.pools for worker in pool.workers],
            "training slots": self.trainings.processes,
        }
        found = {
            name: sum(p.busy_s if name == "web processes" else p.occupied_s for p in group)
            / max(len(group), 1)
            for name, group in groups.items()
        }
        found["lock of the queue"] = self.trainings.locked_s
        found["cores"] = sum(p.busy_s for group in groups.values() for p in group)
        found["megabits"] = sum(web.sent for web in self.webs) * 8e-6
        return found

    def _observe(self) -> Iterator[simpy.Event]:
        before = self._used()
        most: dict[str, float] = defaultdict(float)
        while True:
            yield self.env.timeout(WINDOW_S)
            now = self._used()
            for name, used in now.items():
                most[name] = max(most[name], (used - before[name]) / WINDOW_S)
            self.outcome.busy, before = dict(most), now

    def _sum_up(self) -> None:
        outcome, measured = self.outcome, self.measured
        outcome.mean_busy = {n: u / self.lesson.last_s for n, u in self._used().items()}
        outcome.cores = outcome.busy.pop("cores", 0.0)
        outcome.megabits = outcome.busy.pop("megabits", 0.0)
        if self.deployment.cores < float("inf"):
            outcome.busy["cores"] = outcome.cores / self.deployment.cores
        outcome.waits["poll"] += [wait for web in self.webs for wait in web.polls]
        for pool in self.pools:
            for kind, waits in pool.noted.in_line.items():
                outcome.waits[f"{kind} in line"] += waits
            outcome.answered += pool.noted.answered
            outcome.computing_s += pool.noted.computing_s
            outcome.shared += pool.noted.shared
        workers = sum(len(pool.workers) for pool in self.pools)
        outcome.memory_mb = (
            len(self.webs) * measured.web_mb
            + self.lesson.students * measured.session_mb
            + workers * measured.worker_mb
            + self.deployment.slots * measured.training_mb
        )


class Student:
    """One person, one tab, and the web process that the balancer gave them. ``waiting_for``: what
    has not come, and since when."""

    def __init__(self, course: Course, number: int) -> None:
        self.waiting_for: dict[str, float] = {}
        self._course, self._lesson, self._measured = course, course.lesson, course.measured
        self._env, self._name = course.env, f"student {number}"
        self._random = random.Random(course.seed * 1_000_003 + number)
        self._web = course.webs[number % len(course.webs)]
        self._pool = course.pools[number % len(course.pools)]
        self._own = ""  # the network that they trained

    def attend(self) -> Iterator[simpy.Event]:
        lesson, measured = self._lesson, self._measured
        yield self._env.timeout(self._random.uniform(0, lesson.arrive_s))
        coming = measured.opening
        if not self._course.deployment.static_elsewhere:
            coming = measured.cold_visit
        yield from self._timed("coming", self._web.draw(coming))
        press_at = float("inf")
        if lesson.start_at_s is not None:
            press_at = lesson.start_at_s + self._random.uniform(0, lesson.start_within_s)
        while True:
            look = self._random.uniform(*lesson.think_s)
            if self._env.now + look >= press_at:
                yield self._env.timeout(max(press_at - self._env.now, 0.0))
                press_at = float("inf")
                yield from self._train()
            else:
                yield self._env.timeout(look)
                yield from self._turn()

    def _turn(self) -> Iterator[simpy.Event]:
        lesson, rand = self._lesson, self._random
        own = self._own if self._own and rand.random() < lesson.own else ""
        if rand.random() < lesson.long:
            yield from self._long(rand.choice(LONG), rand.randrange(lesson.long_settings))
        elif rand.random() < lesson.heatmaps:
            yield from self._heatmap(own)
        else:
            page = rand.choice(PAGES) or "home"
            yield from self._timed("page", self._web.draw(self._measured.pages[page]))
            if own and page in OWN_ASKS:
                name = OWN_ASKS[page]
                long = name in self._measured.long
                kind = "long question" if long else "quick question"
                yield from self._ask(kind, name, (name, own), own, long)

    def _heatmap(self, own: str) -> Iterator[simpy.Event]:
        model = own or self._random.choice(list(MODELS))
        new = self._random.random() < self._lesson.new
        image = next(self._course.new_images) if new else self._random.randrange(KNOWN_IMAGES)
        began = self._env.now
        yield from self._web.draw(self._measured.pages["heatmaps"])
        computed = False
        for name in ("predict", "heatmaps"):
            computed |= yield from self._ask("quick question", name, (name, model, image), model)
        kind = "new heatmap" if computed else "known heatmap"
        self._course.outcome.waits[kind].append(self._env.now - began)

    def _long(self, kind: str, setting: int) -> Iterator[simpy.Event]:
        yield from self._web.draw(self._measured.pages["feature_space"])
        yield from self._ask("long question", kind, (kind, setting), "", True)

    def _ask(
        self, kind: str, name: str, key: tuple, model: str, long: bool = False
    ) -> Iterator[simpy.Event]:
        """Returns whether it had to be computed, or waited for."""
        cost = self._measured.long[name] if long else None
        answered = self._pool.ask(name, self._name, key, model, cost)
        if answered.triggered:
            return False
        yield from self._timed(kind, _only(answered))
        return True

    def _train(self) -> Iterator[simpy.Event]:
        yield from self._timed("page", self._web.draw(self._measured.pages["train"]))
        pressed = self._env.now
        training = yield from self._web.start(self._name)
        self._course.outcome.waits["start"].append(self._env.now - pressed)
        self.waiting_for["first point"] = pressed
        training.seen.callbacks.append(lambda _event: self._has("first point"))
        training.ended.callbacks.append(self._owns)
        leaves = self._env.timeout(self._lesson.patience_s)
        for state, moment in (("waiting", training.began), ("working", training.ended)):
            with self._web.watched(state):
                yield moment | leaves
            if not moment.triggered:
                return
            yield from self._web.draw(self._measured.pages["train"])

    def _owns(self, _ended: simpy.Event) -> None:
        self._own = f"own of {self._name}"

    def _timed(self, kind: str, steps: Iterator[simpy.Event]) -> Iterator[simpy.Event]:
        self.waiting_for[kind] = self._env.now
        yield from steps
        self._has(kind)

    def _has(self, kind: str) -> None:
        since = self.waiting_for.pop(kind)
        self._course.outcome.waits[kind].append(self._env.now - since)


def _only(event: simpy.Event) -> Iterator[simpy.Event]:
    yield event


def simulate(lesson: Lesson, deployment: Deployment, measured: Measured, seed: int = 0) -> Outcome:
    """Play a lesson on a deployment."""
    return Course(lesson, deployment, measured, seed).run()
