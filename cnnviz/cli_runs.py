"""The terminal's verbs for trainings that other processes carry out: list, stop, pause, go on.

Who sits at the machine may do everything, like a teacher.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

from cnnviz.runs import trials
from cnnviz.runs.run import TEACHER, Run, list_runs
from cnnviz.runs.turns import place_of
from cnnviz.training.config import TrainingConfig
from cnnviz.training.launch import resume_training, start_training, stop_training

Verb = Callable[[str, Callable[[argparse.Namespace], None], str], Any]


def add_verbs(verb: Verb) -> None:
    """Add ``runs``, ``stop``, ``pause`` and ``resume``."""
    p = verb("runs", _list, "list the trainings, newest first")
    p.add_argument("--json", action="store_true", help="print JSON")
    for name, action, text in (
        ("stop", _stop, "end a training early; what it has learned is kept"),
        ("pause", _pause, "let a training rest"),
        ("resume", _resume, "let a training go on that rests or broke off"),
    ):
        verb(name, action, text).add_argument("training", metavar="RUN", help="an id, or run:…")


def start(config: TrainingConfig) -> None:
    """Put a training into the queue and say under which name it will be found."""
    print(start_training(config).reference)


def _list(given: argparse.Namespace) -> None:
    rows = []
    for run in list_runs():
        status = run.status
        row = {"run": run.id, "status": status, "title": run.title, "owner": run.owner}
        if status == "waiting":
            place = place_of(run)
            row |= {"place": place.position, "seconds_until_it_begins": place.seconds}
        elif status == "running":
            row |= {"share_done": round(run.progress.fraction, 4)}
        if run.search is not None:
            row["trials"] = [trial.run for trial in trials.listed(run.folder)]
        rows.append(row)
    if given.json:
        print(json.dumps(rows))
        return
    for row in rows:
        detail = f"place {row['place']}" if "place" in row else ""
        if "share_done" in row:
            detail = f"{row['share_done']:.0%}"
        print(f"{row['run']}  {row['status']:<9} {detail:<9} {row['title']}")


def _stop(given: argparse.Namespace) -> None:
    _say(stop_training(_id(given.training), TEACHER))


def _pause(given: argparse.Namespace) -> None:
    run = Run(_id(given.training))
    run.request_pause(TEACHER)
    _say(run)


def _resume(given: argparse.Namespace) -> None:
    _say(resume_training(_id(given.training), TEACHER))


def _id(text: str) -> str:
    return text.removeprefix("run:").partition("@")[0]


def _say(run: Run) -> None:
    print(f"{run.status}: {run.reference}")
