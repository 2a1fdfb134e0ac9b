"""What a server has been doing, in numbers that Prometheus reads.

With ``$CNNVIZ_METRICS_PORT`` set, ``http://127.0.0.1:<port>/metrics`` shows them; the port is open
to this machine only. Nothing in them names a person, an image or a model.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

if TYPE_CHECKING:
    from cnnviz.compute.local import LocalEngine

PORT = "CNNVIZ_METRICS_PORT"
ADDRESS = "127.0.0.1"

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
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000),
    registry=REGISTRY,
)
WAITING = Gauge("cnnviz_questions_waiting", "Questions in line", ["lane"], registry=REGISTRY)
WORKERS = Gauge("cnnviz_workers_ready", "Compute workers that are ready", registry=REGISTRY)
LOST = Counter("cnnviz_workers_lost", "Compute workers that ended unasked", registry=REGISTRY)
SESSIONS = Gauge("cnnviz_sessions", "Open browser tabs", registry=REGISTRY)

_log = logging.getLogger("cnnviz.compute")


def serve_metrics(engine: LocalEngine) -> None:
    """Open the port, if one is wished for. A port that is taken is logged, not fatal."""
    for name in ("quick", "long"):
        WAITING.labels(name).set_function(lambda name=name: engine.waiting(name))
    WORKERS.set_function(lambda: len(engine.workers))
    port = os.environ.get(PORT, "")
    if not port:
        return
    try:
        start_http_server(int(port), addr=ADDRESS, registry=REGISTRY)
    except (OSError, ValueError, OverflowError):
        _log.exception("Metrics cannot be served on port %s", port)
