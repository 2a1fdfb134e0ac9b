"""The queue and its workers: real processes, whose trainings take milliseconds."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnnviz import machine, storage
from cnnviz.errors import BadInput, NotPossible
from cnnviz.runs import attempts, locks, queue
from cnnviz.runs.run import TEACHER, create_run, delete_run
from cnnviz.runs.turns import place_of
from cnnviz.training import launch, slots
from cnnviz.training.config import TrainingConfig
from cnnviz.training.launch import (
    dismiss_spare,
    dispatch,
    keep_spare,
    resume_training,
    start_training,
    stop_training,
    tend,
)

QUICK = (sys.executable, "-m", "tests.training.quick_worker")
FOR_EVER = 1000  # epochs


@pytest.fixture(autouse=True)
def quick_workers(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(launch, "COMMAND", QUICK)
    monkeypatch.setattr(launch, "_not_before", 0.0)
    monkeypatch.setenv("CNNVIZ_TRAINING_SLOTS", "2")
    yield
    dismiss_spare()
    for worker in launch._workers:
        worker.process.kill()
        worker.process.wait()
    launch._reap()


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def start(owner="ann", epochs=2, title="T"):
    config = TrainingConfig(dataset="mnist", architecture="lenet5", epochs=epochs, title=title)
    return start_training(config, owner)


def kinds(run, kind):
    return [e for e in run.events() if e["kind"] == kind]


def steps(run):
    return [e["step"] for e in kinds(run, "batch")]


def worker_of(run):
    """The id of the process that has a run now."""
    wait_until(lambda: kinds(run, "start"))
    return [e["pid"] for e in run.events() if "pid" in e][-1]


def test_a_whole_class_starts_at_once():
    long = [start(f"early {n}", FOR_EVER) for n in range(2)]
    wait_until(lambda: all(r.active for r in long))
    began = time.monotonic()
    runs = [start(f"pupil {n % 4}") for n in range(8)]
    assert time.monotonic() - began < 5
    assert {r.status for r in runs} == {"waiting"} and all(r.pending for r in runs)
    assert [place_of(r).position for r in runs] == list(range(1, 9))
    assert sum(w.process.poll() is None for w in launch._workers) == 2  # as many as slots
    for run in long:
        run.request_stop(run.owner)
    wait_until(lambda: not any(r.pending for r in runs + long))
    assert [r.status for r in runs + long] == ["finished"] * 8 + ["stopped"] * 2
    carriers = {worker_of(r) for r in runs + long}
    assert len(carriers) == 2  # the workers went on with the next by themselves
    assert all(steps(r) == [1, 2] for r in runs)
    for run in runs:
        assert (run.folder / "log.txt").read_text() == f"this is {run.id}\n"
    assert queue.queued() == []
    wait_until(lambda: not slots.occupied())  # nothing to do, nobody who keeps them


def test_one_person_cannot_fill_the_queue():
    for _ in range(launch.MOST_PENDING):
        start("ann", FOR_EVER)
    with pytest.raises(NotPossible, match="10 of your trainings"):
        start("ann")
    start("bob")
    for _ in range(launch.MOST_PENDING):
        start(storage.LOCAL_OWNER)  # nobody has to share with others there
    start(storage.LOCAL_OWNER)


def test_only_a_machine_that_never_could_refuses(monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: 1e8)
    run = start()
    assert run.pending
    other = start("bob")
    assert other.status == "waiting" and len(launch._workers) == 1  # one is always tried
    monkeypatch.setattr(machine, "memory", lambda: 5e8)
    with pytest.raises(NotPossible, match="memory"):
        start()


def test_a_killed_worker_is_replaced_and_its_run_goes_on():
    run = start(epochs=60)
    worker = worker_of(run)
    wait_until(lambda: len(steps(run)) > 3)
    assert os.getsid(worker) == worker  # a session of its own
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, worker) == min(19, mine + 10)
    group = Path(f"/proc/{worker}/autogroup")
    if group.exists():  # a session's niceness, without which the process' own means little
        assert group.read_text().split()[-1] == "10"
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: run.status == "waiting")
    assert dispatch() == 1 and dispatch() == 0
    wait_until(lambda: not run.pending)
    assert run.status == "finished" and steps(run) == list(range(1, 61))
    assert worker_of(run) != worker
    delete_run(run.id, "ann")


def test_who_dies_at_it_again_and_again_has_shown_that_it_cannot_be_done():
    bad, good = start(title="dies"), start("bob", title="gets further and dies")
    wait_until(lambda: [dispatch(), not (bad.pending or good.pending)][1])
    assert bad.status == "failed" and f"{attempts.ENOUGH} times" in str(bad.error)
    assert len((bad.folder / "log.txt").read_text().splitlines()) == attempts.ENOUGH
    assert good.status == "finished" and steps(good) == [1, 2]


def test_a_broken_worker_does_not_break_the_next_run(monkeypatch):
    monkeypatch.setenv("CNNVIZ_TRAINING_SLOTS", "1")
    keep_spare()
    run, later = start(title="breaks"), start("bob")
    wait_until(lambda: not run.pending and not later.pending)  # without anybody's doing
    assert run.status == "failed" and "ImportError" in str(run.error)
    assert "half of it was updated" in (run.folder / "log.txt").read_text()
    assert later.status == "finished" and worker_of(later) != worker_of(run)


def test_a_run_that_cannot_even_end_is_not_tried_for_ever():
    run = start(title="cannot end")
    wait_until(lambda: not run.pending)
    assert run.status == "lost" and queue.queued() == []


def test_told_to_end_a_worker_leaves_its_run_to_another():
    run = start(epochs=60)
    worker = worker_of(run)
    os.kill(worker, signal.SIGTERM)
    wait_until(lambda: run.status == "waiting")
    assert not (run.folder / "attempts.json").exists()
    wait_until(lambda: [dispatch(), not run.pending][1])
    assert run.status == "finished" and steps(run) == list(range(1, 61))
    assert worker_of(run) != worker


def test_a_pause_makes_room():
    run = start(epochs=60)
    worker_of(run)
    waiting = [start("bob", FOR_EVER), start("cy", FOR_EVER)]
    with pytest.raises(BadInput, match="rests or broke off"):
        resume_training(run.id, "ann")
    run.request_pause("ann")
    wait_until(lambda: run.status == "paused")
    assert not queue.is_queued(run.id) and not run.pending
    wait_until(lambda: all(r.active for r in waiting))
    with pytest.raises(BadInput, match="somebody else"):
        resume_training(run.id, "bob")
    resume_training(run.id, "ann")
    assert run.status == "waiting"
    run.request_pause("ann")  # out of the queue, without a worker
    assert run.status == "paused"
    resume_training(run.id, "ann")
    waiting[0].request_stop(TEACHER)
    wait_until(lambda: not run.pending)
    assert run.status == "finished" and steps(run) == list(range(1, 61))
    with pytest.raises(BadInput, match="rests or broke off"):
        resume_training(run.id, "ann")


def test_stopping_what_waits():
    busy = [start("bob", FOR_EVER), start("cy", FOR_EVER)]
    fresh, tried = start("ann"), start("ann", epochs=60)
    with pytest.raises(BadInput, match="somebody else"):
        stop_training(fresh.id, "bob")
    stop_training(fresh.id, "ann")
    assert fresh.status == "stopped" and not queue.is_queued(fresh.id)
    busy[0].request_stop("bob")
    wait_until(lambda: len(steps(tried)) > 3)
    tried.request_pause("ann")
    wait_until(lambda: tried.status == "paused")
    stop_training(tried.id, "ann")  # has learned something: a worker makes its model
    assert tried.status != "paused"
    wait_until(lambda: not tried.pending)
    assert tried.status == "stopped" and 3 < tried.outcome["epoch"] < 60


def cards_of(run):
    return [e["cards"] for e in run.events() if "pid" in e]


def test_a_run_on_all_cards_is_alone_and_sees_them_all(monkeypatch):
    """Cards that are only names: the training here takes milliseconds and needs none."""
    monkeypatch.setenv(machine.ALL_GPUS, "0,1")
    keep_spare()
    spare = launch._workers[0].process.pid
    early = [start("ann", 30), start("bob", 30)]
    assert sorted(worker_of(r) and cards_of(r)[0] for r in early) == ["0", "1"]
    settings = {"dataset": "mnist", "architecture": "lenet5", "devices": "all"}
    wide = start_training(TrainingConfig(**settings, epochs=30), "cy")
    late = start("dan")
    while wide.status == "waiting":
        assert late.status == "waiting"
        time.sleep(0.01)
    assert not any(r.pending for r in early)
    while wide.pending:
        assert late.status == "waiting" or not wide.active
        time.sleep(0.01)
    assert wide.status == "finished" and cards_of(wide) == ["0,1"] and steps(wide)[-1] == 30
    carrier = worker_of(wide)
    assert carrier in {spare, *map(worker_of, early)}  # the process of one that was there
    niceness = min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    wait_until(lambda: [dispatch(), not late.pending][1])
    assert late.status == "finished" and cards_of(late)[0] in ("0", "1")
    assert worker_of(late) != carrier
    assert [e["niceness"] for r in (*early, wide, late) for e in kinds(r, "start")] == [
        niceness
    ] * 4


def test_killed_on_all_cards_it_goes_on(monkeypatch):
    monkeypatch.setenv(machine.ALL_GPUS, "0,1")
    settings = {"dataset": "mnist", "architecture": "lenet5", "devices": "all"}
    run = start_training(TrainingConfig(**settings, epochs=60), "ann")
    wait_until(lambda: len(steps(run)) > 3)
    os.kill(worker_of(run), signal.SIGKILL)
    wait_until(lambda: [dispatch(), not run.pending][1])
    assert run.status == "finished" and steps(run) == list(range(1, 61))
    assert cards_of(run) == ["0,1", "0,1"]


def test_a_spare_takes_the_next_training_and_stays():
    keep_spare()
    (spare,) = launch._workers
    keep_spare()
    assert launch._workers == [spare]
    first = start()
    wait_until(lambda: not first.pending)
    time.sleep(1.0)  # longer than those stay whom nobody keeps
    second = start()
    wait_until(lambda: not second.pending)
    assert worker_of(first) == worker_of(second) == spare.process.pid
    wait_until(lambda: slots.occupied() == {0: ""})
    dismiss_spare()
    assert launch._workers == [] and slots.occupied() == {}


def test_dismissed_at_work_a_spare_ends_when_the_queue_is_empty():
    keep_spare()
    spare = launch._workers[0].process
    run, other = start(epochs=30), start(epochs=30)
    assert spare.pid in (worker_of(run), worker_of(other))
    dismiss_spare()
    wait_until(lambda: not run.pending and not other.pending)
    assert run.status == other.status == "finished"
    assert spare.wait(20) == 0


def test_spares_come_back_and_are_not_too_many(monkeypatch):
    monkeypatch.setattr(launch, "REPLACE_AFTER_S", 0.1)
    monkeypatch.setattr(machine, "free_memory", lambda: 3e9)
    keep_spare()
    first = start(epochs=30)
    worker_of(first)
    wait_until(lambda: [tend(), len(launch._workers) == 2][1])
    wait_until(lambda: not first.pending)
    wait_until(lambda: [tend(), len(launch._workers) == 1][1])  # both were idle: one is enough
    monkeypatch.setattr(machine, "free_memory", lambda: 9e9)
    launch._plan_spare("{}")
    wait_until(lambda: [tend(), len(launch._workers) == 2][1])
    time.sleep(0.5)
    tend()
    assert len(launch._workers) == 2


def test_no_spare_where_memory_is_short_or_slots_are_taken(monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: 1e9)
    keep_spare()
    assert launch._workers == []
    monkeypatch.setattr(machine, "free_memory", lambda: 3e9)
    monkeypatch.setenv("CNNVIZ_TRAINING_SLOTS", "1")
    run = start(epochs=FOR_EVER)
    worker_of(run)
    keep_spare()
    assert len(launch._workers) == 1


def test_a_worker_makes_room_for_a_new_one_after_many_runs(monkeypatch):
    monkeypatch.setenv("RECYCLE_RUNS", "2")
    monkeypatch.setenv("CNNVIZ_TRAINING_SLOTS", "1")
    runs = [start(f"pupil {n}") for n in range(5)]
    wait_until(lambda: not any(r.pending for r in runs))  # each looks after its successor
    workers = [worker_of(r) for r in runs]
    assert len(set(workers)) == 3 and workers[0] == workers[1] and workers[2] == workers[3]


def test_workers_that_end_at_once_are_not_started_again_and_again(monkeypatch):
    monkeypatch.setattr(launch, "COMMAND", (sys.executable, "-c", "raise SystemExit(3)"))
    run = start()
    launch._workers[0].process.wait()
    assert dispatch() == 0 and run.status == "waiting"
    monkeypatch.setattr(launch, "COMMAND", QUICK)
    launch._not_before = 0.0  # a while later
    dispatch()
    wait_until(lambda: not run.pending)
    assert run.status == "finished"


_OTHER_PROCESS = """
import sys, time
from cnnviz.training import launch
launch.COMMAND = (sys.executable, "-m", "tests.training.quick_worker")
print("up", flush=True)
sys.stdin.readline()
for _ in range(40):
    launch.dispatch()
    time.sleep(0.02)
"""


def other_processes(count):
    found = [
        subprocess.Popen(
            [sys.executable, "-c", _OTHER_PROCESS],
            cwd=storage.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for process in found:
        assert process.stdout.readline() == "up\n"
    return found


def test_several_servers_on_one_home_start_nothing_twice(monkeypatch):
    monkeypatch.setattr(launch, "dispatch", lambda: 0)  # the others shall do it
    runs = [start(f"pupil {n}", epochs=5) for n in range(6)]
    others = other_processes(3)
    for other in others:
        other.stdin.write("\n")
        other.stdin.flush()
    most = 0
    while any(r.pending for r in runs):
        most = max(most, len(slots.occupied()), sum(r.active for r in runs))
        time.sleep(0.01)
    for other in others:
        other.communicate(timeout=20)
    assert most == 2
    for run in runs:
        assert run.status == "finished" and steps(run) == [1, 2, 3, 4, 5]
        assert len((run.folder / "log.txt").read_text().splitlines()) == 1


def test_a_page_cannot_name_a_path(tmp_path):
    with pytest.raises(BadInput):
        start_training(TrainingConfig(dataset=str(tmp_path)), "ann", folders=False)


def test_a_worker_ends_with_its_home(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setenv("CNNVIZ_HOME", str(elsewhere))
    keep_spare()
    spare = launch._workers[0].process
    wait_until(lambda: slots.occupied() == {0: ""})
    time.sleep(0.5)
    elsewhere.rename(tmp_path / "gone")
    assert spare.wait(20) == 0
    assert not elsewhere.exists()


def test_going_on_counts_like_a_start(monkeypatch):
    """Else: start ten, let them rest, start ten more, and tick them all."""
    run, lock = create_run(TrainingConfig("mnist", "lenet5").check().to_json(), "ann")
    locks.let_go(lock)
    (run.folder / "paused").write_bytes(b"")
    monkeypatch.setattr("cnnviz.training.launch.MOST_PENDING", 0)
    with pytest.raises(NotPossible, match="wait or are at work"):
        resume_training(run.id, "ann")
    assert run.status == "paused" and queue.queued() == []
