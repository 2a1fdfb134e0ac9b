"""Sixty people watch one training: ``python -m benchmarks.viewers [--people 60] [--seconds 30]``.

A live server, a real training at work on the same machine, and sessions that do what a browser does
with the server while somebody watches. Printed: what the web process needs of one processor core,
how long a poll takes from asking to the whole answer, how long the parts of a page that Python
draws again at a new moment, what is sent, and how old an event is when it is received.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.sessions import Session
from tests.browser.conftest import serving

SETTLE_S = 10.0  # until everybody has come
_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def started(session: Session) -> str:
    """Press Start; the id of the run."""
    await session.rerun(pressed="start-training")
    while "run=" not in session.query:
        await asyncio.sleep(0.05)
    return session.query.partition("run=")[2].partition("&")[0]


async def learning(home: Path, run: str) -> Path:
    """Wait for its first batches; the diary."""
    diary = home / "runs" / run / "events.jsonl"
    while not diary.exists() or b'"batch"' not in diary.read_bytes():
        await asyncio.sleep(0.2)
    return diary


async def stop(teacher: Session, home: Path, run: str) -> None:
    """Press Stop, and wait until its worker has written everything down."""
    await teacher.rerun(pressed="stop-training")
    while not (home / "runs" / run / "outcome.json").exists():
        await asyncio.sleep(0.2)


def batches_of(diary: Path) -> list[dict]:
    """The events of that kind so far."""
    events = map(json.loads, diary.read_bytes().splitlines()[:-1])
    return [event for event in events if event["kind"] == "batch"]


def ages(seen: list[tuple[float, int]], events: list[dict]) -> list[float]:
    """Seconds from each event to the first time that its step, or a later one, was seen.

    ``seen`` are (seconds since 1970, step).
    """
    found, place = [], 0
    for event in events:
        while place < len(seen) and seen[place][1] < event["step"]:
            place += 1
        if place and place < len(seen) and event["time"] > seen[0][0]:
            found.append(seen[place][0] - event["time"])
    return found


async def watch(address: str, pid: int, home: Path, people: int, seconds: float) -> None:
    teacher = Session(address)
    await teacher.open("train", "epochs=1000")
    run = await started(teacher)
    diary = await learning(home, run)
    viewers = [Session(address) for _person in range(people)]
    for viewer in viewers:
        await viewer.open("train", f"run={run}")
    await asyncio.sleep(SETTLE_S)
    for viewer in viewers:
        for noted in (viewer.watching.polls, viewer.redraws, viewer.watching.steps):
            noted.clear()
        viewer.received = viewer.watching.received = 0
    before, began = processor_seconds(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - began
    used = processor_seconds(pid) - before
    polls = sorted(seconds for viewer in viewers for seconds in viewer.watching.polls)
    redraws = sorted(seconds for viewer in viewers for seconds in viewer.redraws)
    polled = sum(viewer.watching.received for viewer in viewers)
    received = polled + sum(viewer.received for viewer in viewers)
    batches = batches_of(diary)
    age = sorted(a for viewer in viewers for a in ages(viewer.watching.steps, batches))
    errors = [error for viewer in viewers for error in viewer.errors]
    age_p50, age_p99 = statistics.median(age), age[int(0.99 * len(age))]
    p50, p95 = (1000 * polls[int(share * len(polls))] for share in (0.5, 0.95))
    again = 1000 * redraws[int(0.95 * len(redraws))] if redraws else 0.0
    print(f"{'people watching':44} {people:8}")
    print(f"{'web process, share of one core':44} {used / took:8.2f}   (bar: 1.00)")
    print(f"{'age of an event when it is received, p50, s':44} {age_p50:8.2f}")
    print(f"{'age of an event when it is received, p99, s':44} {age_p99:8.2f}   (bar: 2.00)")
    print(f"{'polls':44} {len(polls):8}")
    print(f"{'a poll, p50, milliseconds':44} {p50:8.1f}")
    print(f"{'a poll, p95, milliseconds':44} {p95:8.1f}   (bar: 300)")
    print(f"{'an answer, kB':44} {polled / len(polls) / 1000:8.1f}")
    print(f"{'parts that Python drew again':44} {len(redraws):8}")
    print(f"{'such a part, p95, milliseconds':44} {again:8.0f}")
    print(f"{'sent in all, kB a second and person':44} {received / took / people / 1000:8.1f}")
    print(f"{'web process, resident MB':44} {resident_bytes(pid) / 1e6:8.0f}")
    print(f"{'errors shown':44} {len(errors):8}   {errors[:1] or ''}")
    await stop(teacher, home, run)
    for viewer in [*viewers, teacher]:
        await viewer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as (address, pid):
        asyncio.run(watch(address, pid, Path(home), given.people, given.seconds))


if __name__ == "__main__":
    main()
