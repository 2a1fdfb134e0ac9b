"""What a browser may send: oversized cookies and endless uploads are refused at the door."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from cnnviz.ui import bounds

SESSION = "s" * 32


def status_of(path: str, method: str = "GET", **headers: str) -> int:
    """What the server answers; 200 where the request got through."""
    seen = []

    async def app(scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        seen.append(message)

    raw = [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()]
    scope = {"type": "http", "path": path, "method": method, "headers": raw}
    asyncio.run(bounds.Bounds(app)(scope, receive, send))
    return seen[0]["status"]


def test_cookies_that_take_seconds_to_read_are_not_read():
    assert status_of("/", cookie="a=b; cnnviz_owner=me") == 200
    assert status_of("/", cookie='a="' + '\\"' * 20_000 + '"') == 431


def test_nor_with_a_web_socket():
    said = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        said.append(message["type"])

    scope = {"type": "websocket", "path": "/_stcore/stream"}
    scope["headers"] = [(b"cookie", b"a" * 5000), (b"cookie", b"b" * 5000)]
    asyncio.run(bounds.Bounds(None)(scope, receive, send))
    assert said == ["websocket.close"]


@pytest.fixture
def memory(monkeypatch):
    """Bytes that sessions hold, by session."""
    held = {}

    class Manager:
        @property
        def file_storage(self):
            return {
                name: {str(i): SimpleNamespace(data=range(size)) for i, size in enumerate(sizes)}
                for name, sizes in held.items()
            }

        def remove_file(self, session_id, file_id):
            assert file_id == "0", "the oldest first"
            held[session_id].pop(0)

    monkeypatch.setattr(bounds.runtime, "exists", lambda: True)
    server = SimpleNamespace(uploaded_file_mgr=Manager())
    monkeypatch.setattr(bounds.runtime, "get_instance", lambda: server)
    return held


@pytest.mark.parametrize("prefix", ["", "/base"])
def test_a_session_holds_only_so_much(memory, prefix):
    path = f"{prefix}/_stcore/upload_file/{SESSION}/any-name"

    def put(size):
        return status_of(path, "PUT", content_length=str(size))

    assert put(200_000_000) == 200
    memory[SESSION] = [200_000_000]
    assert put(200_000_000) == 200
    memory[SESSION] = [200_000_000, 200_000_000]
    assert put(1_000_000) == 200 and len(memory[SESSION]) == 2
    assert put(200_000_000) == 200 and memory[SESSION] == [200_000_000], "the oldest goes"
    assert put(500_000_000) == 413
    memory[SESSION] = [1000]
    assert status_of(path, "PUT") == 200 and memory[SESSION] == [], "it may be of any size"
    assert status_of(path, "DELETE") == 200


def test_all_together_hold_only_so_much(memory):
    memory.update({str(i): [200_000_000, 200_000_000] for i in range(5)})
    path = f"/_stcore/upload_file/{SESSION}/x"
    assert status_of(path, "PUT", content_length="1000") == 413
