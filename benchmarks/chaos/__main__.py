"""A class while processes are killed: ``python -m benchmarks.chaos [--kills 30] [--seed 1]``.

Eight people over real WebSockets: they train and make models of that, look at heatmaps, bring a
Keras file and a data set, list mistakes. Meanwhile the web server, compute workers and training
workers are killed (SIGKILL) at moments that the seed chooses, some of them while a file is vetted,
a data set is read, a model is kept. The server is started anew, as systemd or Docker would do it.

Afterwards each training has to be finished, with a curve without gap or repetition; each picture
has to be the one that a server gives that nobody kills; everything kept has to open; each session
has to be at work again by itself. Exit status 1 where something is not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.chaos import checks
from benchmarks.chaos.killing import Killer, planned
from benchmarks.chaos.server import Server
from benchmarks.chaos.students import (
    Diary,
    NotYet,
    Student,
    brings_a_model,
    brings_data,
    heatmap_addresses,
    looks,
    shown_heatmaps,
    trains,
)
from benchmarks.sessions import Session
from benchmarks.tables import Row, share, show
from cnnviz.runs.run import list_runs

FINISH_S = 420.0  # that a class has after the last kill


async def calm(addresses: list[str], home: Path) -> dict[tuple[str, str], bytes]:
    """What a server shows that nobody kills."""
    found: dict[tuple[str, str], bytes] = {}
    async with Server(home) as server:
        session = Session(server.address, patience=240.0)
        await session.open("")
        for address in addresses:
            for _try in range(3):
                try:
                    found |= await shown_heatmaps(session, address)
                    break
                except NotYet:
                    continue
        await session.close()
    return found


async def class_(home: Path, kills: int, seed: int, addresses: list[str]) -> tuple:
    """Hold it: (students, diary, killer, server, seconds, how many are at work at the end)."""
    small = kills < 10
    diary, began = Diary(listed=small), time.monotonic()
    async with Server(home) as server:
        killer = Killer(server, seed)
        half = len(addresses) // 2
        once = trains(600, 2)
        scripts = [once, looks(addresses), brings_a_model, brings_data(60)]
        if not small:
            scripts = [trains(3000, 5), trains(3000, 5), trains(3000, 5)]
            scripts += [looks(addresses), looks(addresses[::-1]), looks(addresses[half:])]
            scripts += [brings_a_model, brings_data(600)]
        students = [
            Student(server.address, number, diary, killer.doing) for number in range(len(scripts))
        ]
        lessons = [
            asyncio.create_task(again_and_again(student, script, killer))
            for student, script in zip(students, scripts, strict=True)
        ]
        await killer.work(planned(kills, seed))
        killer.over = True
        _done, late = await asyncio.wait(lessons, timeout=FINISH_S)
        for lesson in late:
            lesson.cancel()
        await asyncio.gather(*lessons, return_exceptions=True)
        diary.unfinished += ["a lesson did not end in time"] * len(late)
        await all_ended()
        present = [student for student in students if await at_work(student)]
        for student in students:
            await student.session.close()
    return students, diary, killer, server, time.monotonic() - began, len(present)


async def again_and_again(
    student: Student, script: Callable[[Student], Awaitable[None]], killer: Killer
) -> None:
    """Once at least, and for as long as processes are killed."""
    while True:
        await student.attend(script)
        if killer.over:
            return


async def all_ended(patience: float = 180.0) -> None:
    """Wait for trainings that nobody watches: started by somebody whose page was lost."""
    until = time.monotonic() + patience
    while any(run.pending for run in list_runs()) and time.monotonic() < until:
        await asyncio.sleep(0.5)


async def at_work(student: Student) -> bool:
    """Whether the page is there and can be drawn: without anybody having done anything."""
    try:
        await student.session.back()
        await student.session.rerun()
    except Exception:
        return False
    return bool(student.session.drawn.title)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    addresses = heatmap_addresses(6 if given.kills < 10 else 45)
    with tempfile.TemporaryDirectory() as quiet:
        reference = asyncio.run(calm(addresses, Path(quiet)))
    print(f"{len(reference)} pictures asked for calmly; seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ["CNNVIZ_HOME"] = folder
        held = asyncio.run(class_(home, given.kills, given.seed, addresses))
        return 0 if report(given.kills, reference, *held) else 1


def report(
    kills: int,
    reference: dict,
    students: list[Student],
    diary: Diary,
    killer: Killer,
    server: Server,
    took: float,
    present: int,
) -> bool:
    """Print what was found; whether all is well."""
    runs, (broken, counts) = checks.runs(diary), checks.kept()
    wrong, compared, same = checks.pictures(diary, reference)
    for text in [*diary.unfinished, *diary.surprises, *runs, *broken, *wrong]:
        print(f"problem: {text[:300]}")
    returns = [s for student in students for s in student.returns + student.session.returns]
    rows = [
        Row("killed in all", killer.done.total()),
        *(Row(f"  {kind}", number) for kind, number in sorted(killer.done.items())),
        *(Row(f"  while somebody was at: {aim}", n) for aim, n in sorted(killer.hit.items())),
        Row("trainings of the class", len(diary.runs)),
        Row("trainings lost, or with a damaged curve", len(runs), most=0),
        Row("heatmaps compared", compared),
        Row("  the same to the last byte", same),
        Row("wrong heatmaps", len(wrong), most=0),
        *(Row(f"{name} kept", number) for name, number in counts.items()),
        Row("kept things that do not open", len(broken), most=0),
        Row("connections lost and found again", len(returns)),
        Row("  from the loss to the page, p50, s", share(returns, 0.5), 1),
        Row("  from the loss to the page, at most, s", max(returns, default=None), 1),
        Row("server back after, at most, s", max(server.gaps, default=None), 1),
        Row("answers replaced by “please try again”", diary.told.total()),
        Row("sentences that no kill explains", len(diary.surprises), most=0),
        Row("lessons that did not get to their end", len(diary.unfinished), most=0),
        Row("sessions not at work at the end", len(students) - present, most=0),
        Row("kills that did not take place", kills - killer.done.total(), most=0),
        Row("seconds", took),
    ]
    return show(rows)


if __name__ == "__main__":
    sys.exit(main())
