"""``GET /api/health``: whether this server can do its work, for people and for what watches it."""

from __future__ import annotations

import asyncio
import sys

from starlette.requests import Request
from starlette.responses import JSONResponse

from cnnviz.compute import get_engine, metrics
from cnnviz.compute.pool_engine import PoolEngine

LEAST_FREE = 100 * 10**6  # bytes of disk; below that nothing can be kept soon

_HEAVY = {"tensorflow", "keras", "keras_tuner", "tf_keras_vis"}


async def health(_request: Request) -> JSONResponse:
    """Status 200 and ``ok``, also while workers load; or 503 and ``degraded``, with ``problems``.

    ``workers`` and ``questions`` are counts, ``disk_free_mb`` what is left where things are kept.
    ``heavy_modules`` has to stay empty (see docs/architecture.md).
    """
    found = await asyncio.to_thread(state, get_engine())
    return JSONResponse(found, status_code=503 if found["problems"] else 200)


def state(engine: PoolEngine) -> dict[str, object]:
    """What ``health`` answers."""
    free = metrics.storage_free()
    problems = []
    if engine.hopeless:
        problems.append(
            "Compute workers cannot be started, so some questions get no answer: see "
            "logs/compute-*.log."
        )
    if free < LEAST_FREE:
        problems.append("The disk is full: nothing new can be kept. Delete old things.")
    ready, wanted = len(engine.workers), engine.wanted_workers
    return {
        "status": "degraded" if problems else "ok",
        "problems": problems,
        "workers": {
            "ready": ready,
            "starting": wanted - ready,
            "lost": int(metrics.lost_workers()),
        },
        "questions": {
            "at_work": engine.at_work(),
            "waiting_quick": engine.waiting("quick"),
            "waiting_long": engine.waiting("long"),
        },
        "disk_free_mb": int(free // 10**6),
        "heavy_modules": sorted(_HEAVY & set(sys.modules)),
    }
