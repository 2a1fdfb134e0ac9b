"""What becomes of the questions of a worker that has ended."""

from __future__ import annotations

from dataclasses import dataclass

from cnnviz.compute.pool import Slot, Task
from cnnviz.errors import CnnvizError, NotPossible, WorkerLost
from cnnviz.texts import N_

KILLED = -9  # the status of a process that the system, or a person, ended
ONCE_MORE = N_("The process that computed this has ended. It is tried once more …")


@dataclass(frozen=True)
class Fate:
    """``again``: it is tried once more; ``guilty``: its worker was at it; ``why``: if by us."""

    again: bool
    guilty: bool
    why: str


def judge(slot: Slot, status: int) -> list[tuple[Task, Fate]]:
    """Empty a slot whose process has ended with a status; its tasks, the last given first.

    What the worker was not at is innocent and tried again; what it was at only when somebody
    outside ended the worker, and only once.
    """
    culprit, why, by_us = slot.culprit(), slot.killed_because, slot.blamed is not None
    judged = []
    for task in reversed(slot.clear()):
        guilty = culprit is task
        innocent = not guilty and (culprit is not None or task.attempts < 2)
        outside = guilty and status == KILLED and not by_us
        again = innocent or (outside and task.kind.cached and task.attempts < 2)
        if innocent and culprit is not None and not task.quick:
            task.attempts -= 1  # a host: what it lost does not count
        judged.append((task, Fate(again, guilty, why)))
    return judged


def why_lost(why: str, memory_limit: int) -> CnnvizError:
    """What is said about a question that is not tried again."""
    if why == "memory":
        return NotPossible(
            "This needed more memory than there is for one question ({limit} MB), and was "
            "ended. Try fewer images, a smaller one or a smaller network.",
            limit=memory_limit // 10**6,
        )
    return WorkerLost(
        "The process that was computing this ended. Please try again; if it "
        "happens again, this may need more memory than there is."
    )
