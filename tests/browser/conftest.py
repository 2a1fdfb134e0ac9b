"""A live server and a real Chromium for the journeys."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # as in a room without internet
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


class Person:
    """Somebody with a browser of their own, and so with trainings of their own.

    Every request that leaves the machine is noted down: a classroom may have no internet.
    """

    def __init__(self, browser: Browser, address: str, width: int = 1440, height: int = 900, **how):
        how.setdefault("locale", "en-US")
        self.address = address
        self.context = browser.new_context(viewport={"width": width, "height": height}, **how)
        self._near = (address, "data:", "blob:", address.replace("http", "ws"))
        self._strangers: list[str] = []
        # Of every tab, also those that a page opens by itself, and of every WebSocket.
        self.context.on("request", lambda request: self._note(request.url))
        self.context.on("page", lambda page: page.on("websocket", lambda ws: self._note(ws.url)))

    def visit(self, path: str = "") -> Page:
        """A settled page of the app, in a new tab."""
        page = self.context.new_page()
        page.set_default_timeout(30_000)
        page.goto(f"{self.address}/{path}")
        settle(page)
        return page

    def leave(self) -> None:
        """Close all tabs; fails when anything was asked of another machine."""
        self.context.close()
        assert not self._strangers, f"requests left the machine: {self._strangers[:5]}"

    def _note(self, url: str) -> None:
        if not url.startswith(self._near):
            self._strangers.append(url)


@pytest.fixture
def open_page(browser, address):
    """``open_page("heatmaps?lang=zh_CN", width=390)`` → a settled page, of somebody new."""
    people = []

    def open_(path: str = "", **how) -> Page:
        people.append(Person(browser, address, **how))
        return people[-1].visit(path)

    yield open_
    for person in people:
        person.leave()


def started(page: Page) -> str:
    """Press Start; the id of the run."""
    page.locator(".st-key-start-training button").click()
    expect(page).to_have_url(re.compile(r"run=[0-9a-f]{24}"))
    return run_of(page)


def run_of(page: Page) -> str:
    """The id of the run that a page's address names."""
    return re.search(r"run=([0-9a-f]{24})", page.url)[1]


def learning(page: Page) -> None:
    """The page shows a curve, and it grows."""
    curves = page.get_by_test_id("live-curves")
    expect(curves).to_have_attribute("data-step", re.compile("[1-9]"), timeout=60_000)
    expect(curves).not_to_have_attribute("data-step", curves.get_attribute("data-step"))


def settle(page: Page, timeout: float = 60_000) -> None:
    """Wait until the script of the page has run to its end."""
    page.wait_for_selector("[data-testid=stMain] h1", timeout=timeout)
    page.wait_for_selector(
        "[data-testid=stApp][data-test-script-state=notRunning]", timeout=timeout
    )
    expect(page.get_by_test_id("stException")).to_have_count(0)
