"""Service times of the real app on this machine: ``python -m benchmarks.course measure``.

Takes about four minutes and keeps what it finds in ``measured.json``, with the date, the processor,
and how busy the machine was with other things right before. Nothing in that file is made by hand.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.course import measure_compute, measure_web
from benchmarks.course.clock import machine_share, processor_name
from cnnviz import machine
from tests.browser.conftest import serving

FILE = Path(__file__).with_name("measured.json")
SLOTS = {"CNNVIZ_TRAINING_SLOTS": "2"}


def measure() -> dict:
    """Everything, as it is kept."""
    began = time.perf_counter()
    found: dict = {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": processor_name(),
        "cores": machine.cores(),
        "busy_before": round(machine_share(3.0), 3),
    }
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with serving(home, **SLOTS) as (address, pid):
            _say("the web process")
            found["web"] = asyncio.run(measure_web.web_times(address, pid, home))
            found["web"]["cold_visit"] = measure_web.cold_visits(address, pid)
            _say("trainings")
            own, found["training"] = _trainings(address, home)
        os.environ["CNNVIZ_HOME"] = folder
        _say("quick questions")
        asking = measure_compute.Asking()
        found["quick"] = measure_compute.quick_questions(asking, own)
        found["worker_mb"] = measure_compute.worker_megabytes(asking)
        _say("long questions")
        found["long"] = measure_compute.long_questions(asking, own)
        asking.engine.close()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CNNVIZ_HOME"] = folder
        _say("a long queue")
        found["queue"] = measure_compute.long_queue()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CNNVIZ_HOME"] = folder
        _say("a worker's start")
        found["training"]["cold_start_s"] = measure_compute.cold_start()
    found["took_s"] = round(time.perf_counter() - began)
    return found


def write(found: dict) -> None:
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _trainings(address: str, home: Path) -> tuple[str, dict[str, float]]:
    """Two of the classroom kind, one after the other; the second finds everything at hand.

    The worker that was there for the first one carries out the second, too, so its processor
    seconds are those of one worker from the second Start to its end.
    """
    asyncio.run(measure_web.one_training(address, home))
    before = measure_compute.processor_of(measure_compute.training_workers(home))
    run, events = asyncio.run(measure_web.one_training(address, home))
    after = measure_compute.processor_of(list(before))
    moments = {kind: _first(events, kind) for kind in ("start", "batch", "end")}
    pid = max(before, key=lambda one: after.get(one, 0.0) - before[one])
    return f"run:{run}@best", {
        "first_point_s": round(moments["batch"] - moments["start"], 3),
        "wall_s": round(moments["end"] - moments["start"], 3),
        "processor_s": round(after[pid] - before[pid], 2),
        "mb": round(machine.resident_bytes(pid) / 1e6),
    }


def _first(events: list[dict], kind: str) -> float:
    return next(event["time"] for event in events if event["kind"] == kind)


def _say(what: str) -> None:
    print(f"measuring {what} …", flush=True)
