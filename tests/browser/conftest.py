"""A live server and a real Chromium for the journeys."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
# A machine with two cores that is also training needs more than Playwright's five seconds.
expect.set_options(timeout=30_000)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(home: Path, port: int | None = None, **environment: str):
    """The app on a free port of this machine, as `make run` starts it; yields (address, pid)."""
    port = port or free_port()
    command = [sys.executable, "-m", "cnnviz", "serve", "--port", str(port)]
    command += ["--address", "127.0.0.1"]
    log = (home / "server.log").open("ab")
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "CNNVIZ_HOME": str(home), **environment},
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _attempt in range(300):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/api/health", timeout=1).read()
                break
            assert server.poll() is None, (home / "server.log").read_text()
            time.sleep(0.1)
        yield address, server.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        log.close()


@pytest.fixture(scope="session")
def address(tmp_path_factory) -> str:
    with serving(tmp_path_factory.mktemp("home")) as (where, _pid):
        yield where


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, address):
    """``open_page("heatmaps?lang=zh_CN", width=390)`` → a settled page of the app.

    Every request that leaves the machine fails the test: a classroom may have no internet.
    """
    contexts, strangers = [], []

    def open_(path: str = "", width: int = 1440, height: int = 900, **options) -> Page:
        options.setdefault("locale", "en-US")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on(
            "request",
            lambda r: (
                strangers.append(r.url)
                if not r.url.startswith((address, "data:", "blob:", address.replace("http", "ws")))
                else None
            ),
        )
        page.goto(f"{address}/{path}")
        settle(page)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not strangers, f"requests left the machine: {strangers[:5]}"


def settle(page: Page, timeout: float = 60_000) -> None:
    """Wait until the script of the page has run to its end."""
    page.wait_for_selector("[data-testid=stMain] h1", timeout=timeout)
    page.wait_for_selector(
        "[data-testid=stApp][data-test-script-state=notRunning]", timeout=timeout
    )
    expect(page.get_by_test_id("stException")).to_have_count(0)
