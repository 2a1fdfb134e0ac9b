"""Runs a writer again and again, and ends it at some point: by a kill, or by a full disk.

``python -m tests.half_written.harness kill|full WRITER SEED POINTS`` with ``$CNNVIZ_HOME`` set.
This process loads what the writer needs; each write then takes place in a copy of it (fork), so
that hundreds of them take seconds. After each, the home is checked. A line of JSON comes out:
``{"cut": how many did not get to their end, "whole": the others, "damage": [texts]}``.

Killed are both: before each operation on a file (Python announces it to an audit hook), and at
random moments. On a full disk each write finds a little more room than the one before.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable

from cnnviz import storage
from cnnviz.errors import CnnvizError
from tests.half_written.writers import WRITERS, Writer

OPERATIONS = ("open", "os.", "shutil.", "fcntl.", "mmap.")
LONGEST_S = 60.0
TOLD, NOT_TOLD = 3, 4  # statuses of a write that failed


def forked(work: Callable[[], None], kill_after: float | None = None) -> tuple[int, float]:
    """Do something in a copy of this process: (its wait status, seconds)."""
    began = time.monotonic()
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except CnnvizError:
            os._exit(TOLD)
        except OSError:
            traceback.print_exc()
            os._exit(NOT_TOLD)
        except BaseException:
            traceback.print_exc()
            os._exit(5)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    while time.monotonic() - began < LONGEST_S:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status, time.monotonic() - began
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise TimeoutError("a write hangs")


def dying_at(operation: int, work: Callable[[], None]) -> Callable[[], None]:
    """The same work, killed before its ``operation``-th operation on a file (from 0)."""

    def run() -> None:
        count = 0

        def hook(event: str, _arguments: tuple) -> None:
            nonlocal count
            if event.startswith(OPERATIONS):
                if count == operation:
                    signal.raise_signal(signal.SIGKILL)
                count += 1

        sys.addaudithook(hook)
        work()

    return run


def killing(writer: Writer, seed: int, points: int) -> dict:
    """Kill before operation after operation, then at random moments."""
    chance, number = random.Random(seed), 0
    found: dict = {"cut": 0, "whole": 0, "damage": []}

    def one(work: Callable[[], None], where: str, after: float | None = None) -> int:
        nonlocal number
        status, _took = forked(work, after)
        found["cut" if os.WIFSIGNALED(status) else "whole"] += 1
        if not os.WIFSIGNALED(status) and status:
            found["damage"].append(f"{where}: a write failed by itself ({status})")
        number += 1
        note(writer, number, where, found)
        return status

    status, whole = forked(lambda: writer.write(0))
    assert status == 0, "the write works when it is left alone"
    number += 1
    writer.check(number)
    whole = min(whole, forked(lambda: writer.write(1))[1])
    number += 1
    operation = 0
    while operation < points:
        work = dying_at(operation, lambda: writer.write(number))
        if not os.WIFSIGNALED(one(work, f"before operation {operation}")):
            break  # there are no more
        operation += 1
    for _attempt in range(4 * points):
        if found["cut"] >= operation + points:
            break
        after = chance.uniform(0, whole)
        one(lambda: writer.write(number), f"after {after:.4f} s", after)
    return found


def filling(writer: Writer, seed: int, points: int) -> dict:
    """Write with hardly any room, then with more and more, until it succeeds."""
    found: dict = {"cut": 0, "whole": 0, "damage": []}
    ballast = storage.home() / "ballast"
    needed = writer.needs or 2 * measured(writer)
    for number in range(2, 2 + points):
        room = int(1.3 * needed * (number - 2) / (points - 1))
        fill(ballast, room)
        status, _took = forked(lambda n=number: writer.write(n))
        where = f"with room for {room} of {needed} bytes"
        if os.WIFSIGNALED(status):
            found["damage"].append(f"{where}: ended by signal {os.WTERMSIG(status)}")
        elif os.WEXITSTATUS(status) not in (0, TOLD, *([] if writer.tells else [NOT_TOLD])):
            found["damage"].append(f"{where}: no sentence for the person")
        found["whole" if status == 0 else "cut"] += 1
        note(writer, number + 1, where, found)
        ballast.unlink()
    return found


def measured(writer: Writer) -> int:
    """Bytes that a write takes, from what is free before and after."""
    assert forked(lambda: writer.write(0))[0] == 0, "the write works with enough room"
    before = free()
    assert forked(lambda: writer.write(1))[0] == 0
    return max(before - free(), 64 * 1024)


def free() -> int:
    state = os.statvfs(storage.home())
    return state.f_bavail * state.f_frsize


def fill(path: os.PathLike, room: int) -> None:
    """Take all room but so many bytes."""
    with open(path, "wb", buffering=0) as file:  # noqa: PTH123
        for size in (2**16, 2**12):
            with contextlib.suppress(OSError):
                while free() - size >= room:
                    file.write(b"\0" * size)


def note(writer: Writer, number: int, where: str, found: dict) -> None:
    try:
        writer.check(number)
    except Exception as error:
        said = traceback.format_exc().strip().splitlines()[-3:]
        found["damage"].append(f"{where}: {type(error).__name__} {error} {said}")


def main() -> None:
    mode, name, seed, points = sys.argv[1:]
    writer = WRITERS[name]()
    writer.prepare()
    work = {"kill": killing, "full": filling}[mode]
    print(json.dumps(work(writer, int(seed), int(points))), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
