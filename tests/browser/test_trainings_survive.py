"""A training survives whatever happens around it: reloads, closed and second tabs, a killed server,
a killed worker.

On a server of their own, because one of the accidents is its death.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person, free_port, learning, serving, started

pytestmark = pytest.mark.browser
LONG = "train?data=mnist&net=lenet5&part=3000&epochs=300"


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


def worker_of(home: Path, run: str) -> int:
    """The process that carries a run out: the training worker that has its lock open."""
    lock = str((home / "runs" / run / "lock").resolve())
    for process in Path("/proc").glob("[0-9]*"):
        try:
            opened = {str(link.readlink()) for link in (process / "fd").iterdir()}
            works = b"cnnviz.training.worker" in (process / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if works and lock in opened:
            return int(process.name)
    raise AssertionError("nobody carries it out")


@pytest.mark.slow
def test_reloads_tabs_a_killed_server_and_a_killed_worker(browser, tmp_path):
    port = free_port()
    with serving(tmp_path, port) as (address, server):
        owner = Person(browser, address)
        page = owner.visit(LONG)
        run = started(page)
        learning(page)
        page.reload()
        assert run in page.url
        learning(page)

        other = Person(browser, address)
        stranger = other.visit(f"train?run={run}")
        learning(stranger)
        assert stranger.locator(".st-key-stop-training").count() == 0, "only its owner may stop it"
        second = owner.visit(f"train?run={run}")
        learning(second)
        expect(second.locator(".st-key-stop-training button")).to_be_enabled()
        second.close()
        other.leave()

        steps = len(events(tmp_path, run, "batch"))
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: len(events(tmp_path, run, "batch")) > steps + 3)
    assert not events(tmp_path, run, "resume"), "its worker outlived the server"

    with serving(tmp_path, port):
        page.reload()
        learning(page)
        epochs = len(events(tmp_path, run, "epoch"))
        os.kill(worker_of(tmp_path, run), signal.SIGKILL)
        wait_until(lambda: events(tmp_path, run, "resume"))
        resumed = events(tmp_path, run, "resume")[0]
        assert resumed["why"] == "broke_off"
        assert resumed["epoch"] >= epochs, "more than an epoch was lost"
        learning(page)  # nobody did anything

        page.locator(".st-key-stop-training button").click()
        wait_until(lambda: (tmp_path / "runs" / run / "outcome.json").exists())
        expect(page.locator(".st-key-look-inside button")).to_be_visible()
        expect(page.get_by_test_id("stMain")).to_contain_text("after it had broken off")
        owner.leave()
    told = [event["step"] for event in events(tmp_path, run, "batch")]
    assert told == sorted(set(told)), "a duplicate"
    epochs = [event["epoch"] for event in events(tmp_path, run, "epoch")]
    assert epochs == list(range(1, len(epochs) + 1)), "a gap or a duplicate"
