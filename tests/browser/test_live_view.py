"""The live view of a training when something goes wrong around it, in a real Chromium.

Nothing is trained here: the tests hold a run's lock and write its diary, as a worker would.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time

import pytest
from playwright.sync_api import Page, expect

from cnnviz.runs import locks
from cnnviz.runs.run import Run, create_run, delete_run
from cnnviz.training.config import TrainingConfig
from tests.browser.conftest import Person, free_port, learning, serving, settle

pytestmark = pytest.mark.browser
# A tab can be sent to the background by a test only like this.
AWAY = """
  window.away = false
  Object.defineProperty(document, 'hidden', { get: () => window.away })
"""


class Worker:
    """Writes an event five times a second into the diary of a run that it holds."""

    def __init__(self, epochs: int = 300) -> None:
        config = TrainingConfig("mnist", "lenet5", epochs=epochs).check()
        self.run, self._lock = create_run(config.to_json(), "somebody")
        self._over = threading.Event()
        self._writing = threading.Thread(target=self._write, args=(epochs,))
        self._writing.start()

    def _write(self, epochs: int) -> None:
        step = 0
        with (self.run.folder / "events.jsonl").open("a", buffering=1) as diary:
            start = {"kind": "start", "steps_per_epoch": 100, "epochs": epochs, "device": "CPU"}
            diary.write(json.dumps(start | {"time": time.time()}) + "\n")
            while not self._over.wait(0.2):
                step += 3
                event = {"kind": "batch", "step": step, "epoch": 1 + step // 100}
                event |= {"loss": 200 / (100 + step), "accuracy": step / (100 + step)}
                event |= {"learning_rate": 0.001, "seconds_left": 99.0, "memory": 10**9}
                diary.write(json.dumps(event | {"time": round(time.time(), 3)}) + "\n")

    def leave(self, status: str = "") -> Run:
        """Let go of the run; with a status it has ended."""
        if not self._over.is_set():
            self._over.set()
            self._writing.join()
            if status:
                self.run.end(status)
            locks.let_go(self._lock)
        return self.run


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """That of this process and of the servers that it starts."""
    path = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    patch.setenv("CNNVIZ_HOME", str(path))
    yield path
    patch.undo()


@pytest.fixture(scope="module")
def server(home) -> str:
    with serving(home) as (address, _pid):
        yield address


@pytest.fixture
def worker(home):
    at_work = Worker()
    yield at_work
    at_work.leave()


def polls_of(page: Page) -> list[str]:
    """Where this tab asks how a training is, from now on."""
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/live?" in r.url else None)
    return asked


def test_a_lost_connection_is_said_and_comes_back_by_itself(browser, home, worker):
    port = free_port()
    with serving(home, port) as (address, pid):
        person = Person(browser, address)
        page = person.visit(f"train?run={worker.run.id}")
        learning(page)
        lost = page.get_by_test_id("live-lost")
        expect(lost).to_be_empty()
        os.kill(pid, signal.SIGKILL)
        expect(lost).to_contain_text("does not answer")
        expect(page.get_by_test_id("live-figures")).to_contain_text("learning rate")
    with serving(home, port):
        expect(lost).to_be_empty(timeout=60_000)
        learning(page)  # nobody did anything
        worker.leave("stopped")
        expect(page.get_by_test_id("stMain")).to_contain_text("Stopped at step", timeout=60_000)
        person.leave()


@pytest.mark.slow
def test_who_is_away_hardly_asks_and_finds_everything_when_back(browser, server, worker):
    person = Person(browser, server)
    person.context.add_init_script(AWAY)
    page = person.visit(f"train?run={worker.run.id}")
    learning(page)
    asked = polls_of(page)
    page.wait_for_timeout(5000)
    assert 3 <= len(asked) <= 7, "about once a second"
    page.evaluate("window.away = true")
    page.wait_for_timeout(1500)  # one was on its way
    asked.clear()
    worker.leave("stopped")
    page.wait_for_timeout(5000)
    assert len(asked) <= 1, "who is away asks rarely"
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_test_id("stMain")).to_contain_text("Stopped at step")
    settle(page)
    asked.clear()
    page.wait_for_timeout(3000)
    assert not asked, "what has ended is not asked for any more"
    person.leave()


def test_a_run_that_is_deleted_while_somebody_watches_is_a_sentence(browser, server, worker):
    person = Person(browser, server)
    page = person.visit(f"train?run={worker.run.id}")
    learning(page)
    worker.run.rest()
    run = worker.leave()
    expect(page.locator(".st-key-curve-loss .js-plotly-plot")).to_be_visible()
    delete_run(run.id, "somebody")
    expect(page.get_by_test_id("stMain")).to_contain_text("There is no training called")
    person.leave()


@pytest.mark.slow
def test_everybody_sees_the_end_soon_and_moments_come_by_themselves(browser, server, worker):
    """Two tabs of one person: neither is forgotten."""
    person = Person(browser, server)
    tabs = [person.visit(f"train?run={worker.run.id}") for _tab in range(2)]
    for page in tabs:
        learning(page)
        expect(page.locator("[class*=st-key-diagnosis]")).to_have_count(0)
    with (worker.run.folder / "events.jsonl").open("a") as diary:
        epoch = {"kind": "epoch", "time": time.time(), "epoch": 1, "step": 100, "seconds": 1.0}
        epoch |= {"loss": 2.0, "accuracy": 0.5, "val_loss": 2.0, "val_accuracy": 0.5}
        diary.write(json.dumps(epoch | {"learning_rate": 0.001}) + "\n")
        samples = {"kind": "samples", "time": time.time(), "step": 100}
        diary.write(json.dumps(samples | {"labels": [], "probabilities": []}) + "\n")
    for page in tabs:
        expect(page.locator(".st-key-diagnosis")).to_be_visible()
    worker.leave("stopped")
    for page in tabs:
        expect(page.get_by_test_id("stMain")).to_contain_text("Stopped at step")
    person.leave()
