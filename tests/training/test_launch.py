"""Trainings in processes of their own. Loading TensorFlow takes seconds, so few of them."""

import os
import signal
import subprocess
import sys
import time

import pytest

from cnnviz import storage
from cnnviz.errors import BadInput
from cnnviz.runs.run import delete_run
from cnnviz.training import launch
from cnnviz.training.config import TrainingConfig
from cnnviz.training.launch import dismiss_spare, keep_spare, resume_training, start_training

LONG = TrainingConfig(dataset="mnist", architecture="lenet5", epochs=4, limit=3000)


def wait_until(condition, seconds=240):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def kinds(run, kind):
    return [e for e in run.events() if e["kind"] == kind]


@pytest.fixture(autouse=True)
def no_next_spare(monkeypatch):
    monkeypatch.setattr(launch, "_replace_later", lambda run: None)
    yield
    dismiss_spare()


def test_killed_then_resumed_without_gap_or_duplicate():
    began = time.monotonic()
    run = start_training(LONG, "ann")
    assert time.monotonic() - began < 1 and run.status == "starting"
    worker = launch._workers[-1]
    assert os.getsid(worker.pid) == worker.pid  # a session of its own
    wait_until(lambda: (run.folder / "resume" / "state.npz").exists() or not run.active)
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, worker.pid) == min(19, mine + 5)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert run.status == "lost"
    with pytest.raises(BadInput, match="somebody else"):
        resume_training(run.id, "bob")
    resume_training(run.id, "ann")
    assert run.status in ("starting", "running")
    with pytest.raises(BadInput, match="broke off"):
        resume_training(run.id, "ann")
    wait_until(lambda: not run.active)
    assert run.status == "finished"
    assert [e["epoch"] for e in kinds(run, "epoch")] == [1, 2, 3, 4]
    assert len(kinds(run, "resume")) == 1 and len(kinds(run, "start")) == 1
    steps = [e["step"] for e in kinds(run, "batch")]
    assert steps == sorted(set(steps)) and steps[-1] > 3 * 46
    assert (run.folder / "log.txt").exists()
    with pytest.raises(BadInput, match="broke off"):
        resume_training(run.id, "ann")
    delete_run(run.id, "ann")


def test_the_spare_takes_the_next_training_and_outlives_its_line():
    config = TrainingConfig(dataset="mnist", architecture="lenet5", epochs=200, limit=500)
    keep_spare(config)
    spare = launch._spare.process
    keep_spare()
    assert launch._spare.process is spare  # one is enough
    run = start_training(config, "ann")
    assert launch._spare is None and launch._workers[-1] is spare
    wait_until(lambda: kinds(run, "batch") or not run.active)
    assert run.status == "running"
    run.request_stop("ann")
    wait_until(lambda: not run.active)
    assert run.status == "stopped"
    assert spare.wait(60) == 0


def test_the_spare_ends_with_whoever_started_it():
    code = (
        "import time; from cnnviz.training import launch; launch.keep_spare();"
        "print(launch._spare.process.pid, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code], cwd=storage.ROOT, stdout=subprocess.PIPE, text=True
    )
    pid = int(owner.stdout.readline())
    assert _runs(pid)
    owner.kill()
    owner.wait()
    owner.stdout.close()
    wait_until(lambda: not _runs(pid))


def test_a_dead_spare_is_no_loss():
    keep_spare()
    spare = launch._spare.process
    spare.kill()
    spare.wait()
    run = start_training(TrainingConfig(limit=100), "ann")
    assert launch._workers[-1] is not spare and run.active
    launch._workers[-1].kill()
    launch._workers[-1].wait()
    assert run.status == "lost"


def test_a_page_cannot_name_a_path(tmp_path):
    with pytest.raises(BadInput):
        start_training(TrainingConfig(dataset=str(tmp_path)), "ann", folders=False)


def test_no_spare_where_memory_is_short(monkeypatch):
    monkeypatch.setattr(launch, "_free_memory", lambda: 1e9)
    keep_spare()
    assert launch._spare is None


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - gone between look and read
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
