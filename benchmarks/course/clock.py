"""What something costs: seconds on the clock, and seconds of a processor."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.viewers import processor_seconds

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """``wall_s`` and ``processor_s`` of each of ``count`` pieces of work."""

    count: int = 1
    wall_s: float = 0.0
    processor_s: float = 0.0

    def to_json(self) -> dict[str, float]:
        return {
            "wall_s": round(self.wall_s / self.count, 5),
            "processor_s": round(max(self.processor_s, 0.0) / self.count, 5),
        }


@contextmanager
def cost_of(pid: int, count: int = 1, idle: float = 0.0) -> Iterator[Cost]:
    """What a process needs for what happens in this block.

    Processes are told their seconds in hundredths, so short work has to be done ``count`` times.
    ``idle`` is the share of a core that it needs when nothing is asked of it.
    """
    cost = Cost(count)
    before, began = processor_seconds(pid), time.perf_counter()
    yield cost
    cost.wall_s = time.perf_counter() - began
    cost.processor_s = processor_seconds(pid) - before - idle * cost.wall_s


def machine_share(seconds: float) -> float:
    """The share of all cores that is used by anybody, over so many seconds: 0 is a calm machine."""
    before, began = _busy(), time.perf_counter()
    time.sleep(seconds)
    return (_busy() - before) / (time.perf_counter() - began) / (os.cpu_count() or 1)


def processor_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"


def _busy() -> float:
    """Seconds that all cores together have worked since the machine was started."""
    numbers = [int(x) for x in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _waiting, interrupts, soft, stolen = numbers
    return (user + nice + system + interrupts + soft + stolen) / _TICKS
