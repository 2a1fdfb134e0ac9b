"""Accidents that really happen here: processes are killed, a disk is full, memory is short.

One home on a small disk of its own, one worker at a time, which most tests share: TensorFlow takes
seconds to load.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cnnviz import storage
from cnnviz.errors import CnnvizError
from cnnviz.images import encode_png
from cnnviz.runs import queue
from cnnviz.runs.attempts import STATE
from cnnviz.runs.run import Run
from cnnviz.training import launch, slots
from cnnviz.training.config import TrainingConfig
from cnnviz.training.launch import dismiss_spare, dispatch, keep_spare, start_training

SMALL = {"dataset": "mnist", "architecture": "lenet5", "limit": 300}
DISK_BYTES = 48 * 2**20
_STARTER = """
import json, resource, sys, time
from cnnviz.training import launch
from cnnviz.training.config import TrainingConfig
order = json.loads(sys.argv[1])
if order["memory"]:
    resource.setrlimit(resource.RLIMIT_AS, (order["memory"], order["memory"]))
for settings in order["runs"]:
    print(launch.start_training(TrainingConfig(**settings), "ann").id, flush=True)
while True:
    time.sleep(0.3)
    if order["tends"]:
        launch.tend()
"""


def mounted(folder):
    """Whether a small disk of its own could be put there."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture(scope="module", autouse=True)
def disk(tmp_path_factory):
    """The home of this module; tells whether it is a disk of its own."""
    folder = tmp_path_factory.mktemp("disk")
    own = mounted(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNVIZ_HOME", str(folder))
        patch.setenv("CNNVIZ_TRAINING_SLOTS", "1")
        yield own
        dismiss_spare()
        for worker in launch._workers:
            worker.process.kill()
            worker.process.wait()
        launch._reap()
    if own:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def wait_until(condition, seconds=200):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def ended(*runs):
    wait_until(lambda: not any(r.pending for r in runs))
    return [r.status for r in runs]


def kinds(run, kind):
    return [e for e in run.events() if e["kind"] == kind]


def starter(runs, memory=0, tends=False):
    """A process that stands for the web server, and the runs that it started."""
    order = json.dumps({"runs": runs, "memory": memory, "tends": tends})
    process = subprocess.Popen(
        [sys.executable, "-c", _STARTER, order],
        cwd=storage.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    started = [Run(process.stdout.readline().strip()) for _ in runs]
    return process, started


def kill(process):
    process.kill()
    process.wait()
    process.stdout.close()


def fill(path, until):
    """Take all room there is, to the last byte, again and again."""
    with path.open("wb", buffering=0) as file:
        while True:
            for size in (2**16, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"\0" * size)
            if until():
                return
            time.sleep(0.1)


def worker_pid():
    """The process that holds the only slot."""
    held = (queue.folder() / slots.FOLDER / "0").stat()
    for fd in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.path.samestat(fd.stat(), held):
                return int(fd.parts[2])
        except OSError:  # gone, or somebody else's
            continue
    return None


def check_whole(run):
    """The diary has every epoch once and every step in order; each kept moment can be read."""
    epochs = [e["epoch"] for e in kinds(run, "epoch")]
    assert epochs == list(range(1, len(epochs) + 1))
    steps = [e["step"] for e in kinds(run, "batch")]
    assert steps == sorted(set(steps))
    lines = (run.folder / "events.jsonl").read_text().splitlines()
    assert all(json.loads(line)["kind"] for line in lines)
    assert len(kinds(run, "start")) == 1
    for checkpoint in run.checkpoints:
        with np.load(run.folder / "checkpoints" / f"{checkpoint.label}.npz") as arrays:
            assert all(np.isfinite(arrays[name]).all() for name in arrays.files)
    return epochs


@pytest.mark.slow
def test_the_server_is_killed_then_everything(disk):
    """The training goes on without its server, and after a reboot with those behind it."""
    long = {**SMALL, "limit": 2000, "epochs": 6}
    server, (run, behind) = starter([long, {**SMALL, "epochs": 1}])
    wait_until(lambda: run.active)
    kill(server)
    wait_until(lambda: (run.folder / STATE).exists())
    assert (run.status, behind.status) == ("running", "waiting")
    seen = len(kinds(run, "batch"))
    wait_until(lambda: len(kinds(run, "batch")) > seen)  # it does go on
    os.kill(worker_pid(), signal.SIGKILL)
    wait_until(lambda: run.status == "waiting")
    reached = max(e["step"] for e in kinds(run, "batch"))
    assert dispatch() == 1  # what the app does when it starts
    assert ended(run, behind) == ["finished", "finished"]
    assert check_whole(run) == list(range(1, 7)) and check_whole(behind) == [1]
    (resumed,) = kinds(run, "resume")
    assert 0 <= reached - resumed["step"] <= kinds(run, "start")[0]["steps_per_epoch"]
    keep_spare(TrainingConfig(**SMALL))  # for the tests below


def test_a_loss_that_is_no_number(disk):
    wild = TrainingConfig(**SMALL, epochs=3, optimizer="sgd", learning_rate=1e6)
    bad, good = start_training(wild, "ann"), start_training(TrainingConfig(**SMALL), "bob")
    assert ended(bad, good) == ["failed", "finished"]
    assert "no longer a number" in str(bad.error) and "1000000" in str(bad.error).replace(",", "")
    check_whole(bad)
    assert [c.label for c in bad.checkpoints][0] == "step-0"
    assert check_whole(good) == [1, 2, 3]


def test_the_data_set_is_deleted_while_the_run_waits(disk, tmp_path):
    rng = np.random.default_rng(0)
    for name in ("light", "dark"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for number in range(20):
            pixels = rng.integers(0, 255, (28, 28, 1), np.uint8)
            (folder / f"{number}.png").write_bytes(encode_png(pixels))
    busy = start_training(TrainingConfig(**SMALL, epochs=1000), "ann")
    run = start_training(
        TrainingConfig(dataset=str(tmp_path / "photos"), architecture="lenet5"), "bob"
    )
    wait_until(lambda: kinds(busy, "batch"))
    assert run.status == "waiting"
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    busy.request_stop("ann")
    assert ended(busy, run) == ["stopped", "failed"]
    assert "There is no data set" in str(run.error)


def test_a_full_disk(disk):
    if not disk:
        pytest.skip("no disk of its own can be mounted here")
    run = start_training(TrainingConfig(**SMALL, epochs=1000), "ann")
    wait_until(lambda: len(kinds(run, "epoch")) >= 2)
    ballast = storage.home() / "ballast"
    fill(ballast, until=lambda: run.outcome)
    assert ended(run) == ["failed"]
    assert "disk is full" in str(run.error)
    epochs = check_whole(run)
    assert len(epochs) >= 2 and run.outcome["val_accuracy"] is not None
    assert queue.queued() == []
    more = storage.home() / "more"
    fill(more, until=lambda: True)  # a run that has ended needs less room
    with pytest.raises(CnnvizError, match="disk is full"):
        start_training(TrainingConfig(**SMALL), "ann")
    ballast.unlink()
    more.unlink()
    later = start_training(TrainingConfig(**SMALL, epochs=1), "ann")
    assert ended(later) == ["finished"]


@pytest.mark.slow
def test_too_little_memory_for_tensorflow(disk):
    dismiss_spare()
    wait_until(lambda: not slots.occupied())
    server, (run,) = starter([SMALL], memory=600 * 2**20, tends=True)
    assert ended(run) == ["failed"]
    kill(server)
    assert "too little memory" in str(run.error)
    assert queue.queued() == []
