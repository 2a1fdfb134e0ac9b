"""A training survives whatever happens around it: reloads, closed and second tabs, a killed server.

On a server of their own, because one of the accidents is its death.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import free_port, serving, settle

pytestmark = pytest.mark.browser
LONG = "train?data=mnist&net=lenet5&part=3000&epochs=60"


def came(browser: Browser, address: str, path: str) -> Page:
    page = browser.new_context(locale="en-US").new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{address}/{path}")
    return page


def started(page: Page) -> str:
    """Press Start; the id of the run."""
    settle(page)
    page.locator(".st-key-start-training button").click()
    expect(page).to_have_url(re.compile(r"run=[0-9a-f]{24}"))
    return re.search(r"run=([0-9a-f]{24})", page.url)[1]


def events(home: Path, run: str, kind: str) -> list[dict]:
    path = home / "runs" / run / "events.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines if line.endswith(b"}")]
    return [event for event in found if event["kind"] == kind]


def wait_until(condition, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def learning(page: Page) -> None:
    """The page shows a curve that grows: its step is told with every look."""
    step = page.get_by_test_id("stMetricValue").filter(has_text=re.compile(r"^[\d,]+ / [\d,]+$"))
    step.last.wait_for()
    before = step.last.inner_text()
    expect(step.last).not_to_have_text(before)


def test_reloads_tabs_and_a_killed_server(browser, tmp_path):
    port = free_port()
    with serving(tmp_path, port) as (address, server):
        page = came(browser, address, LONG)
        run = started(page)
        learning(page)
        page.reload()
        assert run in page.url
        learning(page)

        stranger = came(browser, address, f"train?run={run}")
        learning(stranger)
        assert stranger.locator(".st-key-stop-training").count() == 0, "only its owner may stop it"
        second = page.context.new_page()
        second.goto(page.url)
        learning(second)
        expect(second.locator(".st-key-stop-training button")).to_be_enabled()
        second.close()
        stranger.context.close()

        steps = len(events(tmp_path, run, "batch"))
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: len(events(tmp_path, run, "batch")) > steps + 3)

    with serving(tmp_path, port):
        page.reload()
        learning(page)
        page.locator(".st-key-stop-training button").click()
        wait_until(lambda: (tmp_path / "runs" / run / "outcome.json").exists())
        expect(page.locator(".st-key-look-inside button")).to_be_visible()
        page.context.close()
    told = [event["step"] for event in events(tmp_path, run, "batch")]
    assert told == sorted(set(told)), "a gap or a duplicate"
    assert not events(tmp_path, run, "resume"), "its worker outlived the server"
