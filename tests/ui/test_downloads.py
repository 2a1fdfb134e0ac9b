"""A run's zip over the web server's own protocol."""

from __future__ import annotations

import asyncio
import io
import zipfile

import pytest
from starlette.applications import Starlette

from cnnviz.runs import locks
from cnnviz.runs.run import create_run
from cnnviz.ui import downloads


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    made, lock = create_run({"dataset": "mnist", "title": "数字 “one”\r\nX-Evil: 1"}, "me")
    (made.folder / "events.jsonl").write_text('{"kind": "start"}\n')
    yield made
    locks.let_go(lock)


def get(path: str) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, body) of a request to the routes."""
    sent = []

    async def ask() -> None:
        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
        scope |= {"http_version": "1.1", "scheme": "http", "server": ("test", 80), "root_path": ""}

        async def receive() -> dict:
            await asyncio.sleep(60)  # nobody hangs up
            return {"type": "http.disconnect"}

        async def send(message: dict) -> None:
            sent.append(message)

        await Starlette(routes=downloads.ROUTES)(scope, receive, send)

    asyncio.run(ask())
    headers = {k.decode(): v.decode("latin-1") for k, v in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(m.get("body", b"") for m in sent[1:])


def test_a_run_comes_as_a_zip_with_a_name_that_browsers_take(run):
    status, headers, body = get(downloads.address_of_archive(run))
    assert status == 200 and headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert {name.split("/")[1] for name in archive.namelist()} == {
            "config.json",
            "events.jsonl",
        }
    assert "filename*=UTF-8''%E6%95%B0%E5%AD%97" in headers["content-disposition"]
    assert "\n" not in headers["content-disposition"] and "x-evil" not in headers


@pytest.mark.parametrize("name", ["0" * 24, "..", "%2e%2e%2fx", "x"])
def test_what_is_not_there_is_a_sentence(run, name):
    status, _headers, body = get(f"/api/runs/{name}.zip")
    assert status == 404 and b"There is no training" in body
