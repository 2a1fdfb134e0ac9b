"""The training process beside a Ray task, without a cluster: it lives by its host's lease."""

import signal
import subprocess
import sys
import time

import pytest

from cnnviz import storage
from cnnviz.runs import locks
from cnnviz.runs.run import create_run
from cnnviz.training.hosting import _Process

COMMAND = ("-m", "tests.training.quick_hosted")


@pytest.fixture
def process(monkeypatch):
    monkeypatch.setattr("cnnviz.training.hosting._environment", lambda: None)
    found = _Process(COMMAND, None)
    assert found.answer(20) == "ready"
    yield found
    found.end()


def made(epochs, title=""):
    run, lock = create_run({"epochs": epochs, "title": title}, "ann")
    locks.let_go(lock)
    return run


def hand_over(process, run, seconds=5.0):
    process.send(f"run {run.id} {time.monotonic() + seconds}")


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def steps(run):
    return [e["step"] for e in run.events() if e["kind"] == "batch"]


def test_one_run_after_the_other(process):
    for epochs in (2, 3):
        run = made(epochs)
        hand_over(process, run)
        assert process.answer(10) == "done"
        assert run.outcome["status"] == "finished" and len(steps(run)) == epochs
        assert (run.folder / "log.txt").read_text() == f"this is {run.id}\n"


def test_it_goes_on_for_as_long_as_the_lease_does(process):
    run = made(1000)
    hand_over(process, run, 0.6)
    for _beat in range(5):
        time.sleep(0.3)
        process.send(f"until {time.monotonic() + 0.6}")
    assert process._process.poll() is None
    until = time.monotonic() + 0.6
    assert process.answer(5) == ""  # nobody told it of a longer lease
    assert process._process.wait() == -signal.SIGALRM
    assert time.monotonic() < until + 0.3
    seen = steps(run)
    time.sleep(0.2)
    assert steps(run) == seen and run.outcome is None


def test_a_process_that_was_stopped_does_not_go_on_after_its_lease(process):
    run = made(1000)
    hand_over(process, run, 0.5)
    wait_until(lambda: steps(run))
    process._process.send_signal(signal.SIGSTOP)
    time.sleep(0.6)
    seen = steps(run)
    process._process.send_signal(signal.SIGCONT)
    assert process.answer(5) == "" and steps(run) == seen


def test_an_idle_process_needs_no_lease(process):
    run = made(1)
    hand_over(process, run, 0.4)
    process.send(f"until {time.monotonic() + 0.4}")
    assert process.answer(10) == "done"
    process.send(f"until {time.monotonic() + 0.1}")  # said before the host heard that it is done
    time.sleep(0.7)
    hand_over(process, again := made(1))
    assert process.answer(10) == "done" and again.outcome["status"] == "finished"


def test_without_its_host_it_saves_and_ends(process):
    run = made(1000)
    hand_over(process, run)
    wait_until(lambda: steps(run))
    process._process.stdin.close()
    assert process.answer(5) in ("worn", "")
    assert process._process.wait(5) == 0
    assert run.outcome is None and not (run.folder / "attempts.json").exists()


def test_a_process_that_cannot_start_says_nothing(monkeypatch):
    monkeypatch.setattr("cnnviz.training.hosting._environment", lambda: None)
    process = _Process(("-c", "raise SystemExit(3)"), None)
    assert process.answer(20) == ""
    process.end()


def test_the_host_side_needs_neither_ray_nor_tensorflow():
    code = "import cnnviz.training.launch, sys; print({'ray', 'tensorflow'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], cwd=storage.ROOT, capture_output=True)
    assert found.stdout == b"set()\n"
