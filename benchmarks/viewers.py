"""Sixty people watch one training: ``python -m benchmarks.viewers [--people 60] [--seconds 30]``.

A live server, a real training at work on the same machine, and sessions over real WebSockets that
do nothing but watch. Printed: what the web process needs of one processor core, how long one look
takes from asking to its end, what it sends, and how old the newest event is when it arrives.
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

SETTLE_S = 30.0  # until everybody looks at the pace of a crowd
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


def ages(viewer: Session, events: list[dict]) -> list[float]:
    """Seconds from each batch event to the first figures of this viewer that know its step."""
    seen = [
        (at, int(text.replace(",", "")))
        for at, label, text in viewer.figures
        if label.startswith("step of")
    ]
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
    diary = home / "runs" / run / "events.jsonl"
    while not diary.exists() or b'"batch"' not in diary.read_bytes():
        await asyncio.sleep(0.2)
    viewers = [Session(address) for _person in range(people)]
    for viewer in viewers:
        await viewer.open("train", f"run={run}")
    await asyncio.sleep(SETTLE_S)
    for viewer in viewers:
        viewer.polls.clear()
        viewer.figures.clear()
        viewer.received = 0
    before, began = processor_seconds(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - began
    used = processor_seconds(pid) - before
    looks = sorted(seconds for viewer in viewers for seconds in viewer.polls)
    received = sum(viewer.received for viewer in viewers)
    batches = [
        event
        for event in map(json.loads, diary.read_bytes().splitlines()[:-1])
        if event["kind"] == "batch"
    ]
    age = sorted(a for viewer in viewers for a in ages(viewer, batches))
    errors = [error for viewer in viewers for error in viewer.errors]
    print(f"{'people watching':44} {people:8}")
    print(f"{'looks in all':44} {len(looks):8}")
    print(f"{'web process, share of one core':44} {used / took:8.2f}   (bar: 1.00)")
    print(f"{'a look, p50, milliseconds':44} {1000 * statistics.median(looks):8.0f}")
    p95 = looks[int(0.95 * len(looks))]
    print(f"{'a look, p95, milliseconds':44} {1000 * p95:8.0f}   (bar: 300)")
    print(f"{'age of an event when it is seen, p50, s':44} {statistics.median(age):8.2f}")
    late = age[int(0.99 * len(age))]
    print(f"{'age of an event when it is seen, p99, s':44} {late:8.2f}   (bar: 2.00)")
    print(f"{'sent for a look, kB':44} {received / len(looks) / 1000:8.1f}")
    print(f"{'web process, resident MB':44} {resident_bytes(pid) / 1e6:8.0f}")
    print(f"{'errors shown':44} {len(errors):8}   {errors[:1] or ''}")
    await teacher.rerun(pressed="stop-training")
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
