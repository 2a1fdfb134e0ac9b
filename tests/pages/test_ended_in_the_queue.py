"""Trainings that ended without ever having learned anything have pages, too."""

import pytest

from cnnviz.errors import NotPossible
from cnnviz.runs import locks, queue
from cnnviz.runs.run import create_run, delete_run
from cnnviz.training import launch
from cnnviz.training.config import TrainingConfig


@pytest.fixture(autouse=True)
def nobody_works(monkeypatch):
    monkeypatch.setattr(launch, "keep_spare", lambda *_: None)


@pytest.fixture
def waiting_run():
    config = TrainingConfig(dataset="mnist", architecture="lenet5")
    run, lock = create_run(config.check().to_json(), "local")
    queue.enqueue(run.id)
    locks.let_go(lock)
    yield run
    delete_run(run.id)


def everything(at):
    return " ".join(e.value for kind in (at.markdown, at.error, at.warning) for e in kind)


@pytest.mark.parametrize(("page", "name"), [("train", "run"), ("runs", "runs")])
def test_stopped_while_it_waited(page, name, open_page, waiting_run):
    run = waiting_run
    run.request_stop()
    assert run.status == "stopped" and not queue.is_queued(run.id)
    at = open_page(page, **{name: run.id})
    assert not at.exception
    assert "before it had learned anything" in everything(at)


@pytest.mark.parametrize(("page", "name"), [("train", "run"), ("runs", "runs")])
def test_failed_because_its_workers_died(page, name, open_page, waiting_run):
    run = waiting_run
    lock = locks.take(run.folder)
    run.end("failed", NotPossible("It died {count} times.", count=3))
    locks.let_go(lock)
    at = open_page(page, **{name: run.id})
    assert not at.exception
    assert "It died 3 times." in everything(at)
