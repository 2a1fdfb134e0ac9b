"""A class presses Start: ``python -m benchmarks.class_start [--people 40] [--within 60]``.

A live server; every person comes to Train over a real WebSocket, presses Start with the usual
settings (Clothes, Tiny VGG, three epochs) at a moment of their own within a minute, and stays to
watch. Printed: how soon the first curve has its first point, how long it takes from a training's
turn to that point, when the last training has begun and has ended, and whether any was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.sessions import Session
from benchmarks.viewers import processor_seconds, resident_bytes, started
from tests.browser.conftest import serving

READY_S = 45.0  # for the workers of a fresh server to load TensorFlow
PATIENCE_S = 1200.0


async def person(address: str, wait_s: float) -> tuple[Session, str, float]:
    """Come, wait, press Start: the session, the run and the moment (seconds since 1970)."""
    session = Session(address)
    await session.open("train")
    await asyncio.sleep(wait_s)
    pressed = time.time()
    return session, await started(session), pressed


def diary(home: Path, run: str) -> list[dict]:
    path = home / "runs" / run / "events.jsonl"
    if not path.exists():
        return []
    whole = path.read_bytes()
    return [json.loads(line) for line in whole[: whole.rfind(b"\n") + 1].splitlines()]


def first(events: list[dict], kind: str) -> float:
    return next(e["time"] for e in events if e["kind"] == kind)


async def class_starts(address: str, pid: int, home: Path, people: int, within: float) -> None:
    await asyncio.sleep(READY_S)
    before, began = processor_seconds(pid), time.time()
    arrivals = [within * n / people for n in range(people)]
    class_ = await asyncio.gather(*(person(address, wait) for wait in arrivals))
    runs = {run: pressed for _session, run, pressed in class_}
    outcomes = [home / "runs" / run / "outcome.json" for run in runs]
    while not all(path.exists() for path in outcomes):
        await asyncio.sleep(0.5)
        if time.time() - began > PATIENCE_S:
            break
    took = time.time() - began
    used = processor_seconds(pid) - before
    statuses = [json.loads(p.read_text())["status"] if p.exists() else "lost" for p in outcomes]
    diaries = {run: diary(home, run) for run in runs}
    points = {run: first(events, "batch") for run, events in diaries.items() if events}
    turns = [points[run] - first(diaries[run], "start") for run in points]
    order = sorted(points, key=points.get)
    ends = [first(diaries[run], "end") for run in order]
    gaps = [min((points[b] - e for e in ends if e < points[b]), default=None) for b in order]
    gaps = [gap for gap in gaps if gap is not None]
    looks = sorted(s for session, _run, _pressed in class_ for s in session.watching.polls)
    errors = [e for session, _run, _pressed in class_ for e in session.errors]
    press = min(runs.values())
    print(f"{'people':56} {people:8}")
    print(
        f"{'first press to the first curve point, s':56} {points[order[0]] - press:8.2f}  (bar: 3)"
    )
    print(
        f"{'end of the training before to the first point, median, s':56} "
        f"{statistics.median(gaps):8.2f}"
    )
    print(f"{'beginning of a training to its first point, slowest, s':56} {max(turns):8.2f}")
    print(
        f"{'first press to the last training’s first point, s':56} "
        f"{points[order[-1]] - press:8.0f}  (bar: 300)"
    )
    print(f"{'all ended after, s':56} {max(ends) - press:8.0f}")
    print(f"{'finished':56} {statuses.count('finished'):8}  of {len(statuses)}")
    print(f"{'a poll, p95, milliseconds':56} {1000 * looks[int(0.95 * len(looks))]:8.0f}")
    print(f"{'web process, share of one core':56} {used / took:8.2f}")
    print(f"{'web process, resident MB':56} {resident_bytes(pid) / 1e6:8.0f}")
    print(f"{'errors shown':56} {len(errors):8}  {errors[:1] or ''}")
    for session, _run, _pressed in class_:
        await session.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--within", type=float, default=60, help="seconds for all to press Start")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as (address, pid):
        asyncio.run(class_starts(address, pid, Path(home), given.people, given.within))


if __name__ == "__main__":
    main()
