"""The web server: Streamlit with a cookie that tells one person from another.

A Streamlit session dies with a reload, so ownership needs a cookie; HttpOnly, so that no script can
read it, and only sent back to this site. Start with ``python -m cnnviz serve``.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import threading
import time
from collections.abc import AsyncIterator

import pandas  # noqa: F401 - see below
import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cnnviz import ageing, logs
from cnnviz.compute import get_engine
from cnnviz.compute.metrics import SESSIONS, serve_metrics
from cnnviz.machine import give_back_memory, keep_memory_together
from cnnviz.storage import ROOT, home
from cnnviz.training.launch import dismiss_spare, keep_spare, tend
from cnnviz.ui import downloads, left_alone, live_route, presence, return_link
from cnnviz.ui.bounds import Bounds
from cnnviz.ui.frame import use_navigation
from cnnviz.ui.health import health
from cnnviz.ui.owner import COOKIE, new_cookie, owner_of, set_cookie
from cnnviz.ui.request_ids import RequestIds
from cnnviz.ui.sign_in import ClassPassword

# Streamlit loads pandas with the first table, and Plotly looks into whatever sys.modules holds:
# after a start one session's figure met the half of pandas that another session's thread had
# loaded. So it is there before anybody comes.

_SPARE_AFTER_S = 20.0  # the compute workers load TensorFlow first
_TEND_EVERY_S = 1.0
_TRIM_EVERY_S = 10.0
_AGE_EVERY_S = 600.0

_log = logging.getLogger("cnnviz.ui")


class OwnerCookie:
    """Give every browser without the cookie a random one, with the page itself.

    Written against ASGI directly: Starlette's BaseHTTPMiddleware would wrap the WebSocket traffic
    and every static file too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            known = HTTPConnection(scope).cookies.get(COOKIE)
            cookie = known or new_cookie()
            with SESSIONS.track_inprogress(), presence.here(owner_of(cookie)):
                await self.app(scope if known else _with_cookie(scope, cookie), receive, send)
            return
        if scope["type"] != "http" or _has_cookie(scope) or not _is_page(scope):
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                made = Response()
                set_cookie(made, new_cookie(), scope.get("scheme") == "https")
                MutableHeaders(scope=message).append("set-cookie", made.headers["set-cookie"])
            await send(message)

        await self.app(scope, receive, send_with_cookie)


class KeptToItself:
    """Tell browsers to tell no other site where somebody was: addresses here hold ids."""

    _HEADERS = (
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
    )

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._HEADERS:
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _with_cookie(scope: Scope, cookie: str) -> Scope:
    """A browser that keeps no cookies is somebody else each time, never who sits at the machine."""
    cookies = [value for name, value in scope["headers"] if name == b"cookie"]
    cookies.append(f"{COOKIE}={cookie}".encode())
    others = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
    return {**scope, "headers": [*others, (b"cookie", b"; ".join(cookies))]}


def _has_cookie(scope: Scope) -> bool:
    return any(
        name == b"cookie" and COOKIE.encode() + b"=" in value for name, value in scope["headers"]
    )


def _is_page(scope: Scope) -> bool:
    accept = next((v for n, v in scope["headers"] if n == b"accept"), b"")
    return scope["method"] == "GET" and b"text/html" in accept


@contextlib.asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Warm up what the first visitors need, without making them wait for it."""
    keep_memory_together()
    logs.set_up(home() / "logs" / "web.log")
    serve_metrics(get_engine())
    ended = threading.Event()
    tending = threading.Thread(target=_tend_trainings, args=(ended,), name="trainings", daemon=True)
    tending.start()
    threading.Thread(target=_age_out, args=(ended,), name="ageing", daemon=True).start()
    # What is imported by now stays for good: the collector need not look at it again and again.
    gc.freeze()
    try:
        yield
    finally:
        ended.set()
        tending.join(5.0)
        dismiss_spare()
        get_engine().close()


def _tend_trainings(ended: threading.Event) -> None:
    """Whatever waits gets a worker, also after a reboot; whatever broke off goes on."""
    spare_at, trim_at = time.monotonic() + _SPARE_AFTER_S, 0.0
    while not ended.wait(_TEND_EVERY_S):
        try:
            tend()
            left_alone.end()
            if time.monotonic() > trim_at:
                trim_at = time.monotonic() + _TRIM_EVERY_S
                give_back_memory()
            if time.monotonic() > spare_at:
                spare_at = float("inf")
                keep_spare()
        except Exception:  # a full disk, a home that has gone: later it may work again
            _log.exception("The queue of trainings could not be looked after.")


def _age_out(ended: threading.Event) -> None:
    """Remove what nobody uses any more, and what killed processes left, now and then."""
    while True:
        try:
            gone = ageing.age_out()
            if gone.things or gone.leftovers:
                _log.info("Aged out: %d things, %d leftovers", gone.things, gone.leftovers)
        except Exception:  # as above
            _log.exception("What is old could not be removed.")
        if ended.wait(_AGE_EVERY_S):
            return


use_navigation()
app = st.App(
    ROOT / "app.py",
    # The password comes first: before it nobody gets a cookie, a page or a picture.
    middleware=[
        Middleware(RequestIds),
        Middleware(Bounds),
        Middleware(KeptToItself),
        Middleware(ClassPassword),
        Middleware(OwnerCookie),
    ],
    routes=[
        Route("/api/health", health),
        *downloads.ROUTES,
        *live_route.ROUTES,
        *return_link.ROUTES,
    ],
    lifespan=lifespan,
)
