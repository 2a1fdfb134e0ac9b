"""What a browser may send before anybody has asked who it is, and what it may leave in memory.

Streamlit holds every upload in the memory of the web process until its tab is closed, under
whatever name the sender invents; quotas count only what is kept after that.
"""

from __future__ import annotations

import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

MOST_COOKIE_BYTES = 8192  # Python 3.11.7 takes 45 ms to read as many of the worst (CVE-2024-7592)
MOST_OF_A_SESSION = 450_000_000  # two uploads of the largest size that may be sent
MOST_OF_ALL = 2_000_000_000
_UPLOAD = re.compile(r".*/_stcore/upload_file/([^/]+)/[^/]+/?")


class Bounds:
    """ASGI middleware: refuse oversized cookies (431) and uploads beyond all room (413).

    A session's oldest uploads make room for its next: its pages have long looked at them.
    """

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
        if match and scope.get("method") == "PUT" and not _make_room(match[1], _length(scope)):
            answer = PlainTextResponse("There is no room for more uploads at once.", 413)
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _length(scope: Scope) -> int:
    text = next((v for n, v in scope["headers"] if n == b"content-length"), b"")
    return int(text) if text.isdigit() and len(text) < 16 else MOST_OF_A_SESSION


def _make_room(session: str, length: int) -> bool:
    if not runtime.exists():
        return True
    manager = runtime.get_instance().uploaded_file_mgr
    sizes = {
        name: {identifier: len(file.data) for identifier, file in list(files.items())}
        for name, files in list(manager.file_storage.items())
    }
    own = sizes.setdefault(session, {})
    while own and sum(own.values()) + length > MOST_OF_A_SESSION:
        oldest = next(iter(own))
        manager.remove_file(session_id=session, file_id=oldest)
        del own[oldest]
    all_together = sum(sum(files.values()) for files in sizes.values())
    return length <= MOST_OF_A_SESSION and all_together + length <= MOST_OF_ALL


def forget(file: UploadedFile) -> None:
    """Give back the memory of an upload of which everything is kept elsewhere."""
    context = get_script_run_ctx()
    if context is not None and runtime.exists():
        manager = runtime.get_instance().uploaded_file_mgr
        manager.remove_file(session_id=context.session_id, file_id=file.file_id)
