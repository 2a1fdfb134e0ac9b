"""What a server has been doing, in numbers that Prometheus reads.

With ``$CNNVIZ_METRICS_PORT`` set, ``http://127.0.0.1:<port>/metrics`` shows them; the port is open
to this machine only. Nothing in them names a person, an image or a model.
"""

from __future__ import annotations

import logging
import os
import shutil
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from cnnviz import machine, storage
from cnnviz.errors import CnnvizError
from cnnviz.runs import turns

if TYPE_CHECKING:
    from cnnviz.compute.pool_engine import PoolEngine

PORT = "CNNVIZ_METRICS_PORT"
ADDRESS = "127.0.0.1"

_BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 2, 3, 10, 30, 100, 300, 1000)

REGISTRY = CollectorRegistry()
OUTCOMES = Counter(
    "cnnviz_questions",
    "Questions by name and by how they ended: known, answered, or the kind of error",
    ["question", "outcome"],
    registry=REGISTRY,
)
SECONDS = Histogram(
    "cnnviz_question_seconds",
    "From asking to the answer, waiting in line included; answers that were known are left out",
    ["question"],
    buckets=_BUCKETS,
    registry=REGISTRY,
)
IN_LINE = Histogram(
    "cnnviz_question_in_line_seconds",
    "From asking to the moment when a worker begins",
    ["question"],
    buckets=_BUCKETS,
    registry=REGISTRY,
)
COMPUTING = Histogram(
    "cnnviz_question_computing_seconds",
    "What a worker took for a question (inference latency); answers that were known are left out",
    ["question"],
    buckets=_BUCKETS,
    registry=REGISTRY,
)
WAITING = Gauge("cnnviz_questions_waiting", "Questions in line", ["lane"], registry=REGISTRY)
WORKERS = Gauge("cnnviz_workers_ready", "Compute workers that are ready", registry=REGISTRY)
AT_WORK = Gauge("cnnviz_questions_at_work", "Questions being answered", registry=REGISTRY)
WANTED = Gauge("cnnviz_workers_wanted", "Compute workers there should be", registry=REGISTRY)
LOST = Counter(
    "cnnviz_workers_lost",
    "Compute workers that ended: unasked, deaf (did not stop), memory (took too much), grown "
    "(replaced while idle)",
    ["why"],
    registry=REGISTRY,
)
CACHE = Counter(
    "cnnviz_cache_looks",
    "Looks for a kept answer: memory, shipped, disk, none, or damaged (made again)",
    ["found"],
    registry=REGISTRY,
)
CACHE_BYTES = Gauge("cnnviz_cache_bytes", "Kept answers", ["place"], registry=REGISTRY)
RUNS = Gauge("cnnviz_runs", "Trainings by state: running or waiting", ["state"], registry=REGISTRY)
MEMORY = Gauge("cnnviz_web_memory_bytes", "Memory of the web process", registry=REGISTRY)
WORKER_MEMORY = Gauge(
    "cnnviz_workers_memory_bytes", "Memory of all compute workers", registry=REGISTRY
)
DISK_FREE = Gauge("cnnviz_disk_free_bytes", "Free where things are kept", registry=REGISTRY)
SESSIONS = Gauge("cnnviz_sessions", "Open browser tabs", registry=REGISTRY)

_log = logging.getLogger("cnnviz.compute")


def serve_metrics(engine: PoolEngine) -> None:
    """Open the port, if one is wished for. A port that is taken is logged, not fatal."""
    for name in ("quick", "long"):
        WAITING.labels(name).set_function(lambda name=name: engine.waiting(name))
    WORKERS.set_function(lambda: len(engine.workers))
    WANTED.set_function(lambda: engine.wanted_workers)
    AT_WORK.set_function(engine.at_work)
    MEMORY.set_function(machine.resident_bytes)
    WORKER_MEMORY.set_function(engine.workers_memory)
    DISK_FREE.set_function(storage_free)
    for place, state in enumerate(("running", "waiting")):
        RUNS.labels(state).set_function(lambda place=place: _runs(place))
    if engine.cache is not None:
        for place in ("memory", "disk"):
            CACHE_BYTES.labels(place).set_function(lambda place=place: engine.cache.size(place))
    port = os.environ.get(PORT, "")
    if not port:
        return
    try:
        start_http_server(int(port), addr=ADDRESS, registry=REGISTRY)
    except (OSError, ValueError, OverflowError):
        _log.exception("Metrics cannot be served on port %s", port)


def storage_free() -> float:
    """Bytes free on the disk where things are kept; 0 where it cannot be asked."""
    try:
        return float(shutil.disk_usage(storage.home()).free)
    except OSError:
        return 0.0


def lost_workers() -> float:
    """How many workers have ended that nobody had meant to end."""
    samples = (sample for metric in LOST.collect() for sample in metric.samples)
    return sum(
        sample.value
        for sample in samples
        if sample.name.endswith("_total") and sample.labels["why"] != "grown"
    )


def _runs(place: int) -> int:
    try:
        return len(turns.look()[place])
    except (OSError, CnnvizError):
        return 0
