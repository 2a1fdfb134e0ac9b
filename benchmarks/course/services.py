"""What was measured, as the simulation uses it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

FILE = Path(__file__).with_name("measured.json")
LEAST_S = 1e-4  # a clock of hundredths finds nothing in what is shorter


@dataclass(frozen=True)
class Service:
    """Processor seconds of a piece of work, and seconds on the clock when it is alone."""

    processor_s: float
    wall_s: float
    bytes: int = 0

    @property
    def width(self) -> float:
        """How many cores it keeps busy, one at least."""
        return max(1.0, self.processor_s / max(self.wall_s, LEAST_S))

    @property
    def idle_s(self) -> float:
        """Seconds in which it waits for something other than a processor."""
        return max(0.0, self.wall_s - self.processor_s)


def service(found: Mapping[str, float]) -> Service:
    """One entry of ``measured.json``."""
    return Service(
        max(found["processor_s"], LEAST_S), max(found["wall_s"], LEAST_S), found.get("bytes", 0)
    )


class Measured:
    """The figures of ``measured.json``, by the names of the simulation."""

    def __init__(self, found: Mapping) -> None:
        self.found = found
        web = found["web"]
        self.pages = {page: service(one) for page, one in web["pages"].items()}
        self.opening = service(web["opening"])
        cold = service(web["cold_visit"])  # its clock is the browser's, which draws
        self.cold_visit = replace(cold, wall_s=cold.processor_s)
        self.start, self.part = service(web["start"]), service(web["part"])
        self.poll_known = service(web["poll_known"])
        self.poll_working = service(web["poll_working"])
        self.poll_waiting = service(web["poll_waiting"])
        self.idle_share: float = web["idle_share"]
        self.web_mb: float = web["memory"]["web_mb"]
        self.session_mb: float = web["memory"]["session_mb"]
        self.worker_mb: float = found["worker_mb"]
        self.training_mb: float = found["training"]["mb"]
        self.queue: Mapping[str, float] = found["queue"]
        self.quick = {
            model: {level: service(one) for level, one in levels.items()}
            for model, levels in found["quick"].items()
        }
        self.long = {kind: service(one) for kind, one in found["long"].items()}

    @classmethod
    def read(cls, path: Path = FILE) -> Measured:
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def with_quick_looks(self) -> Measured:
        """The same, where a look costs as much as it does with one thing to look at."""
        return Measured({**self.found, "queue": dict.fromkeys(self.queue, 0.0)})

    @cached_property
    def training(self) -> Service:
        """From a training's turn to its end, in a worker that is there."""
        one = self.found["training"]
        return Service(one["processor_s"], one["wall_s"])

    @property
    def first_point(self) -> float:
        """The share of a training after which its curve has a first point."""
        one = self.found["training"]
        return min(one["first_point_s"] / one["wall_s"], 1.0)

    @property
    def cold_start_s(self) -> float:
        """Seconds until a worker that is not there yet can begin a training."""
        one = self.found["training"]
        return max(one["cold_start_s"] - one["first_point_s"], 0.0)

    def step_s(self, kind: str) -> float:
        """Processor seconds between two moments at which a long question lets a guest in.

        Somebody who comes at a random moment waits for half a step.
        """
        waits = self.found["long"][kind]["guest_waits_s"]
        return max(2 * waits * self.long[kind].width, 0.01)
