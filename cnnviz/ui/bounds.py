"""What a browser may send before anybody has asked who it is, and what it may leave in memory.

Streamlit holds an upload in the memory of the web process until its page has looked at it, under
whatever name the sender invents; quotas count only what is kept after that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime

MOST_COOKIE_BYTES = 8192  # Python 3.11.7 takes 45 ms to read as many of the worst (CVE-2024-7592)
MOST_OF_A_SESSION = 450_000_000  # two uploads of the largest size that may be sent
MOST_OF_ALL = 2_000_000_000
_UPLOAD = re.compile(r".*/_stcore/upload_file/([^/]+)/[^/]+/?")


class Bounds:
    """ASGI middleware: refuse oversized cookies (431) and uploads beyond the room (413)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if sum(len(v) for n, v in scope["headers"] if n == b"cookie") > MOST_COOKIE_BYTES:
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 4431})
            else:
                answer = PlainTextResponse("Too many cookies.", 431)
                await answer(scope, receive, send)
            return
        match = _UPLOAD.fullmatch(scope["path"])
        if match and scope.get("method") == "PUT" and not _has_room(match[1], _length(scope)):
            answer = PlainTextResponse("There is no room for more uploads at once.", 413)
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _length(scope: Scope) -> int:
    text = next((v for n, v in scope["headers"] if n == b"content-length"), b"")
    return int(text) if text.isdigit() and len(text) < 16 else MOST_OF_A_SESSION


def _has_room(session: str, length: int) -> bool:
    if not runtime.exists():
        return True
    kept: Mapping[str, Mapping] = runtime.get_instance().uploaded_file_mgr.file_storage
    sizes = {
        name: sum(len(file.data) for file in list(files.values()))
        for name, files in list(kept.items())
    }
    own = sizes.get(session, 0)
    return own + length <= MOST_OF_A_SESSION and sum(sizes.values()) + length <= MOST_OF_ALL
