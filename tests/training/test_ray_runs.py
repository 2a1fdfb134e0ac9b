"""Trainings on a real Ray cluster: a head, and two nodes that carry one training each."""

import os
import subprocess
import sys
import time

import pytest

from cnnviz import cluster, storage
from cnnviz.runs import attempts, leases, locks, queue
from cnnviz.runs.run import delete_run
from cnnviz.training import hosting, launch, ray_runs, slots
from cnnviz.training.config import TrainingConfig
from tests.ray_nodes import ray_nodes, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

QUICK = ("-m", "tests.training.quick_hosted")
REAL = ray_runs.COMMAND


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    with (
        pytest.MonkeyPatch.context() as patch,
        ray_nodes(tmp_path_factory.mktemp("shared")) as found,
    ):
        patch.setenv("CNNVIZ_RAY_SPARES", "0")
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch, nodes):
    monkeypatch.setattr(ray_runs, "COMMAND", QUICK)


def start(epochs=2, owner="ann", title="T", **more):
    config = {"dataset": "mnist", "architecture": "lenet5", **more}
    return launch.start_training(TrainingConfig(**config, epochs=epochs, title=title), owner)


def kinds(run, kind):
    return [e for e in run.events() if e["kind"] == kind]


def steps(run):
    return [e["step"] for e in kinds(run, "batch")]


def carrier(nodes, module):
    """The node on which a training process runs."""
    return wait_until(lambda: next((n for n in nodes.carrying if n.of(module)), None))


def test_several_runs_at_once_and_everyone_in_turn(nodes):
    runs = [start(owner=f"pupil {n % 3}", epochs=20) for n in range(6)]
    assert slots.slot_count() == 2
    most = 0
    while any(r.pending for r in runs):
        most = max(most, sum(r.active for r in runs))
        assert len(slots.occupied()) <= 2
        time.sleep(0.05)
    assert most == 2
    for run in runs:
        assert run.status == "finished" and steps(run) == list(range(1, 21))
        assert (run.folder / "log.txt").read_text() == f"this is {run.id}\n"
    assert queue.queued() == []
    wait_until(lambda: not slots.occupied() and leases.runs_at_work() == 0)


def test_pause_stop_and_delete(nodes):
    run = start(epochs=1000)
    wait_until(lambda: len(steps(run)) > 3)
    assert run.status == "running" and locks.take(run.folder, patience=0) is None
    run.request_pause("ann")
    wait_until(lambda: run.status == "paused")
    launch.resume_training(run.id, "ann")
    wait_until(lambda: kinds(run, "resume") and run.status == "running")
    run.request_stop("ann")
    wait_until(lambda: run.status == "stopped")
    assert steps(run) == list(range(1, len(steps(run)) + 1))
    wait_until(lambda: locks.let_go(locks.take(run.folder)) is None)
    delete_run(run.id, "ann")


def test_the_web_server_may_end_and_nobody_needs_to_look_after_the_queue(nodes):
    code = """
import sys
from cnnviz.training import launch, ray_runs
from cnnviz.training.config import TrainingConfig
ray_runs.COMMAND = ("-m", "tests.training.quick_hosted")
for _ in range(2):
    config = TrainingConfig(dataset="mnist", architecture="lenet5", epochs=100)
    print(launch.start_training(config).id)
"""
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=storage.ROOT, capture_output=True, text=True, timeout=60
    )
    from cnnviz.runs.run import Run

    runs = [Run(line) for line in found.stdout.split()]
    assert len(runs) == 2, found.stderr
    wait_until(lambda: all(r.status == "finished" for r in runs))
    assert all(steps(r) == list(range(1, 101)) for r in runs)


def test_a_training_process_that_dies_is_replaced_and_one_that_always_dies_is_not(nodes):
    once, always = start(title="gets further and dies"), start(title="dies")
    wait_until(lambda: not once.pending and not always.pending, 120)
    assert once.status == "finished" and steps(once) == [1, 2]
    assert always.status == "failed"
    assert f"ended from outside {attempts.ENOUGH} times" in str(always.error)


def test_a_keeper_that_dies_gives_no_run_away(nodes):
    run = start(epochs=600)
    wait_until(lambda: len(steps(run)) > 3)
    keeper = cluster.connect().get_actor(cluster.actor_name(leases.KEEPER))
    cluster.connect().kill(keeper, no_restart=False)
    until = time.monotonic() + leases.LEASE_S + 3
    while time.monotonic() < until:
        assert locks.take(run.folder, patience=0) is None
        time.sleep(0.3)
    wait_until(lambda: run.status == "finished")
    assert steps(run) == list(range(1, 601)) and not kinds(run, "resume")


def test_a_dispatcher_that_dies_begins_again_and_so_do_its_tasks(nodes):
    run = start(epochs=300)
    wait_until(lambda: len(steps(run)) > 3)
    dispatcher = cluster.connect().get_actor(cluster.actor_name(hosting.DISPATCHER))
    cluster.connect().kill(dispatcher, no_restart=False)
    wait_until(lambda: run.status == "finished", 90)
    assert steps(run) == list(range(1, 301))
    wait_until(lambda: not slots.occupied())


def test_spares_are_kept_and_taken(nodes, monkeypatch):
    monkeypatch.setenv("CNNVIZ_RAY_SPARES", "1")
    launch.keep_spare()
    wait_until(lambda: [launch.tend(), list(slots.occupied().values()) == [""]][1])
    until = time.monotonic() + ray_runs.IDLE_S + 2
    while time.monotonic() < until:
        launch.tend()
        assert len(slots.occupied()) == 1
        time.sleep(0.2)
    began = time.monotonic()
    run = start(epochs=30)
    wait_until(lambda: steps(run))
    assert time.monotonic() - began < 2
    launch.dismiss_spare()
    wait_until(lambda: not slots.occupied())
    assert run.status == "finished"


def test_a_process_cut_off_from_its_node_ends_before_another_goes_on(nodes):
    """Everything of Ray on the node dies, the training process does not; it must not write on."""
    run = start(epochs=1000)
    wait_until(lambda: len(steps(run)) > 3)
    lost = carrier(nodes, "quick_hosted")
    nodes.add(cpus=2)
    (left,) = lost.of("quick_hosted")
    began = time.monotonic()
    lost.die(sparing="quick_hosted")
    wait_until(lambda: kinds(run, "resume"), 60)
    assert time.monotonic() - began < 20
    with pytest.raises(ProcessLookupError):
        os.kill(left, 0)
    run.request_stop("ann")
    wait_until(lambda: run.status == "stopped")
    assert steps(run) == list(range(1, len(steps(run)) + 1))
    nodes.carrying.remove(lost)


def test_the_node_that_trains_dies_and_another_goes_on(nodes, monkeypatch):
    monkeypatch.setattr(ray_runs, "COMMAND", REAL)
    wait_until(lambda: not slots.occupied())
    run = start(epochs=40, limit=2000)
    wait_until(lambda: len(kinds(run, "epoch")) >= 3, 120)
    lost = carrier(nodes, "hosted_worker")
    had = len(kinds(run, "epoch"))
    began = time.monotonic()
    lost.die()
    nodes.carrying.remove(lost)
    (resumed,) = wait_until(lambda: kinds(run, "resume"), 120)
    print(f"resumed {time.monotonic() - began:.1f} s after the node died")
    assert resumed["why"] == "broke_off" and resumed["epoch"] >= had - 1
    wait_until(lambda: run.status == "finished", 300)
    assert [e["epoch"] for e in kinds(run, "epoch")] == list(range(1, 41))
    walked = steps(run)
    assert walked == sorted(set(walked)) and walked[-1] == kinds(run, "epoch")[-1]["step"]
