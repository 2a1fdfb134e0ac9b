"""Who is killed when: chosen by a seed, so that a class that went wrong can be held again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.chaos.server import Server, processes_of

KINDS = ("web", "compute", "training")
AIMS = ("vetting", "import", "keeping", "saving")  # moments that are short: waited for
GAP_S = (3.0, 9.0)
_AIM_PATIENCE_S = 25.0


@dataclass(frozen=True)
class Kill:
    """After ``gap`` seconds of peace one process of ``kind``; where ``aim`` names something that
    students do, as soon as one of them does it, and ``later`` seconds."""

    kind: str
    gap: float
    aim: str | None
    later: float


def planned(kills: int, seed: int) -> list[Kill]:
    """Each kind as often as the others, in any order; every third kill is aimed, never one of a
    training worker, which has no part in these moments."""
    chance = random.Random(seed)
    kinds = [KINDS[number % len(KINDS)] for number in range(kills)]
    chance.shuffle(kinds)
    plan, aimed = [], 0
    for number, kind in enumerate(kinds):
        aim = None
        if kind != "training" and aimed <= number / 3:
            aim = AIMS[aimed % len(AIMS)]
            aimed += 1
        plan.append(Kill(kind, chance.uniform(*GAP_S), aim, chance.uniform(0.0, 1.0)))
    return plan


@dataclass
class Killer:
    """Carries the plan out. ``doing`` is what students are at, ``done`` counts by kind,
    ``hit`` by what students were at. ``over`` is set when no more is to come."""

    server: Server
    seed: int
    doing: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    over: bool = False

    async def work(self, plan: list[Kill]) -> None:
        chance = random.Random(self.seed + 1)
        for kill in plan:
            await asyncio.sleep(kill.gap)
            if kill.aim is not None:
                await self._wait_for(kill)
            await self._one(kill, chance)

    async def _wait_for(self, kill: Kill) -> None:
        until = time.monotonic() + _AIM_PATIENCE_S
        while not self.doing[kill.aim] and time.monotonic() < until:
            await asyncio.sleep(0.02)
        await asyncio.sleep(kill.later)

    async def _one(self, kill: Kill, chance: random.Random) -> None:
        """Kill; where there is no such process, wait for one, and after a while take another."""
        until = time.monotonic() + _AIM_PATIENCE_S
        while True:
            there = [p for p in processes_of(self.server.home, self.server.pid) if p[1] in KINDS]
            chosen = sorted(p for p in there if p[1] == kill.kind)
            if chosen or (there and time.monotonic() > until):
                break
            await asyncio.sleep(0.1)
        pid, kind = chance.choice(chosen or sorted(there))
        at = [aim for aim in AIMS if self.doing[aim]]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.done[kind] += 1
            self.hit.update(at)
            during = f" during {', '.join(at)}" if at else ""
            print(f"  kill {self.done.total():2}: {kind}{during}", flush=True)
