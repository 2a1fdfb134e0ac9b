"""A real server with a person on it, for tests; also where there is no network at all.

``python -m tests.ui.visiting HOME``: brings up the loopback device of this network namespace,
visits the pages, and prints what happened as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import struct
import sys
import time
import urllib.request
from pathlib import Path

from benchmarks.sessions import Session
from tests.browser.conftest import serving

PAGES = ("", "heatmaps", "feature_maps", "evaluation", "models", "train", "runs")

# Every connection that Python opens anywhere in the server or its workers, but to this machine.
HOOK = """
import os, sys

def hook(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        where = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
        where = where[0] if isinstance(where, tuple) else where
        where = where.decode() if isinstance(where, bytes) else str(where)
        near = where in ("localhost", "0.0.0.0", "::1", "None") or where.startswith(("127.", "/"))
        if not near and where != "192.0.2.1":  # asks for the own address; nothing is sent
            with open(os.environ["TEST_STRANGERS"], "a") as file:
                file.write(f"{event} {where}\\n")

sys.addaudithook(hook)
"""


@contextlib.contextmanager
def watched(home: Path, **environment: str):
    """A server whose connections to anywhere else are noted; yields (address, pid, strangers)."""
    (home / "hook").mkdir(exist_ok=True)
    (home / "hook" / "sitecustomize.py").write_text(HOOK)
    strangers = home / "strangers"
    strangers.touch()
    settings = {"TEST_STRANGERS": str(strangers), "PYTHONPATH": str(home / "hook")}
    with serving(home, **settings, **environment) as (address, pid):
        yield address, pid, strangers


def ask(address: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (lower case) and body."""
    try:
        with urllib.request.urlopen(f"{address}{path}", timeout=10) as answer:
            return answer.status, _lower(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, _lower(error.headers), error.read()


def health(address: str) -> dict:
    return json.loads(ask(address, "/api/health")[2])


def until_ready(address: str, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while health(address)["workers"]["starting"]:
        assert time.monotonic() < end, "the workers did not come up"
        time.sleep(0.1)


async def visit(address: str, pages: tuple[str, ...] = PAGES, query: str = "") -> list[str]:
    """Go through pages as one person, the first one with a query; the errors that were shown."""
    session = Session(address)
    await session.open(pages[0], query)
    for page in pages[1:]:
        await session.go(page)
    await session.close()
    return session.errors


def _lower(headers: object) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sh14x", b"lo", 0x41)  # up and running
        fcntl.ioctl(probe, 0x8914, request)


def _main(home: Path) -> None:
    _loopback_up()
    try:
        socket.create_connection(("192.0.2.1", 9), timeout=1)
        alone = False
    except OSError:
        alone = True
    with watched(home, CNNVIZ_WORKERS="1") as (address, _pid, strangers):
        until_ready(address)
        errors = asyncio.run(visit(address))
        found = {"alone": alone, "errors": errors, "strangers": strangers.read_text().split("\n")}
        print(json.dumps(found | {"health": health(address)}))


if __name__ == "__main__":
    os.environ.pop("CNNVIZ_METRICS_PORT", None)
    _main(Path(sys.argv[1]))
