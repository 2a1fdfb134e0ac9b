"""One number for each HTTP request and for each run of a page, by which the log is searched.

It comes back to the browser as ``X-Request-Id``, stands in the sentence of an unexpected error, and
goes with every question to the worker that answers it (see :mod:`cnnviz.logs`).
"""

from __future__ import annotations

import logging
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cnnviz import logs

HEADER = "x-request-id"
_SLOW_S = 1.0
_ATTRIBUTE = "_cnnviz_number"
# The beginnings of addresses that are written down; what else people type is nobody's business.
_KNOWN = ("api", "_stcore", "media", "static", "component", "app")

_log = logging.getLogger("cnnviz.ui.requests")


class RequestIds:
    """ASGI middleware: a number for each request, its header, and a line when it went wrong or
    took long; with ``$CNNVIZ_LOG_LEVEL=debug`` for every one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        number, began, status = logs.begin(), time.monotonic(), 0

        async def send_with_number(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = number
            await send(message)

        try:
            await self.app(scope, receive, send_with_number)
        except Exception:
            _log.exception("A request failed", extra={"facts": _facts(scope, 500, began)})
            raise
        if scope["type"] == "websocket":
            _log.debug("A tab was closed", extra={"facts": _facts(scope, None, began)})
            return
        level = logging.DEBUG
        if status >= 500:
            level = logging.ERROR
        elif status in (401, 403, 429):
            level = logging.WARNING
        elif time.monotonic() - began > _SLOW_S:
            level = logging.INFO
        _log.log(level, "A request was answered", extra={"facts": _facts(scope, status, began)})


def of_this_run() -> str:
    """The number of this run of a page or fragment: the same for all that is done in it."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return logs.number() or logs.begin()
    run = context.cursors  # made anew for every run
    known = getattr(context, _ATTRIBUTE, None)
    if known is None or known[0] is not run:
        known = (run, logs.begin())
        setattr(context, _ATTRIBUTE, known)
    return logs.begin(known[1])


def _facts(scope: Scope, status: int | None, began: float) -> dict[str, object]:
    parts = scope.get("path", "").split("/")[1:3]
    path = "/".join(parts) if parts and parts[0] in _KNOWN else "…" if any(parts) else ""
    return {
        "method": scope.get("method", "websocket"),
        "path": f"/{path}"[:80],
        "status": status,
        "seconds": round(time.monotonic() - began, 3),
    }
