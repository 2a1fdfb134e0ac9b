import json
import resource

import pytest

from cnnviz import storage
from cnnviz.errors import BadInput, NotFound, NotPossible
from cnnviz.runs import locks, queue
from cnnviz.runs.events import EventWriter
from cnnviz.runs.run import TEACHER, Run, create_run, delete_run, list_runs, make_model


def ended_run(owner="ann", status="finished", **outcome):
    run, lock = create_run({"title": "A run"}, owner)
    locks.let_go(lock)
    told = {"status": status, "reason": None, **outcome}
    (run.folder / "outcome.json").write_text(json.dumps(told))
    return run


def test_a_run_is_alive_from_the_moment_it_can_be_seen():
    run, lock = create_run({"title": "T", "epochs": 3}, "ann")
    assert run.status == "starting" and run.active
    assert (run.title, run.owner, run.config["epochs"]) == ("T", "ann", 3)
    EventWriter(run.folder).write("start")
    assert run.status == "running"
    locks.let_go(lock)
    assert run.status == "lost" and not run.active


def test_the_outcome_is_the_status():
    run = ended_run(status="stopped")
    assert run.status == "stopped" and run.error is None


def test_the_reason_of_a_failure_comes_back_as_an_error():
    reason = {"code": "not_possible", "template": "Step {step} broke.", "values": {"step": 3}}
    error = ended_run(status="failed", reason=reason).error
    assert str(error) == "Step 3 broke." and error.code == "not_possible"


@pytest.mark.parametrize(
    "act",
    [
        lambda run: run.request_stop("ann"),
        lambda run: run.request_learning_rate(0.1, "ann"),
        lambda run: run.rename("B", "ann"),
    ],
)
def test_a_full_disk_is_told_in_a_sentence(act):
    run, lock = create_run({"title": "A"}, "ann")
    queue.enqueue(run.id)
    locks.let_go(lock)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(NotPossible, match="disk is full"):
            act(run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert run.title == "A"
    delete_run(run.id, "ann")


def test_runs_are_listed_newest_first_and_by_owner():
    mine = [ended_run("ann") for _ in range(3)]
    other = ended_run("bob")
    assert [r.id for r in list_runs("ann")] == [r.id for r in reversed(mine)]
    assert list_runs()[0].id == other.id and len(list_runs()) == 4
    (storage.area("runs") / "a file of somebody's").write_text("")
    assert len(list_runs()) == 4


def test_only_the_owner_may_stop_or_delete():
    run, lock = create_run({"title": "T"}, "ann")
    with pytest.raises(BadInput, match="somebody else"):
        run.request_stop("bob")
    assert not list((run.folder / "commands").iterdir())
    run.request_stop("ann")
    assert [f.name for f in (run.folder / "commands").iterdir()] == ["stop"]
    with pytest.raises(BadInput, match="still at work"):
        delete_run(run.id, "ann")
    locks.let_go(lock)
    with pytest.raises(BadInput, match="somebody else"):
        delete_run(run.id, "bob")
    delete_run(run.id, "ann")
    assert list_runs() == [] and not list(storage.area("runs").iterdir())
    with pytest.raises(NotFound):
        Run(run.id)


def waiting_run(owner="ann"):
    run, lock = create_run({"title": "T", "epochs": 3}, owner)
    queue.enqueue(run.id)
    locks.let_go(lock)
    return run


def test_what_waits_and_has_learned_nothing_ends_at_once():
    run = waiting_run()
    assert run.status == "waiting" and run.pending and not run.active
    with pytest.raises(BadInput, match="somebody else"):
        run.request_stop("bob")
    run.request_stop("ann")
    assert run.status == "stopped" and queue.queued() == [] and not run.pending
    assert run.outcome["step"] == 0 and run.outcome["val_accuracy"] is None
    run.request_stop("ann")  # once more harms nothing
    assert run.status == "stopped"


@pytest.mark.parametrize("resting", [True, False])
def test_what_has_learned_something_goes_back_for_its_model(resting):
    run = waiting_run()
    (run.folder / "resume").mkdir()
    (run.folder / "resume" / "state.npz").write_bytes(b"weights")
    if resting:
        run.request_pause("ann")
        assert run.status == "paused" and queue.queued() == []
    run.request_stop("ann")
    assert run.status == "waiting" and queue.queued() == [run.id]
    assert (run.folder / "commands" / "stop").exists()  # for the worker that takes it


def test_a_pause_takes_a_waiting_run_out_of_the_queue():
    run = waiting_run()
    run.request_pause(TEACHER)
    assert run.status == "paused" and queue.queued() == []
    assert not list((run.folder / "commands").iterdir())
    run.request_stop("ann")
    assert run.status == "stopped" and not (run.folder / "paused").exists()


def test_at_work_wishes_are_left_to_the_worker():
    run = waiting_run()
    lock = locks.take(run.folder)
    run.request_pause("ann")
    run.request_stop("ann")
    assert run.status == "starting" and queue.queued() == [run.id]
    assert {f.name for f in (run.folder / "commands").iterdir()} == {"pause", "stop"}
    locks.let_go(lock)


def test_a_waiting_run_can_be_deleted():
    run = waiting_run()
    delete_run(run.id, "ann")
    assert queue.queued() == []


@pytest.mark.parametrize("bad", ["", "..", "../x", "a" * 24 + "/..", "A" * 24])
def test_an_id_is_never_a_path(bad):
    with pytest.raises(NotFound):
        Run(bad)
    with pytest.raises(NotFound):
        delete_run(bad, "ann")


def test_checkpoints_come_by_step():
    run = ended_run()
    EventWriter(run.folder).write("start", steps_per_epoch=20, epochs=2)
    for label in ("epoch-1", "epoch-2", "step-0", "step-10", "step-30", "best"):
        (run.folder / "checkpoints" / f"{label}.npz").write_bytes(b"")
    found = run.checkpoints
    assert [c.label for c in found] == ["step-0", "step-10", "epoch-1", "step-30", "epoch-2"]
    assert [c.step for c in found] == [0, 10, 20, 30, 40]


def test_the_result_becomes_a_model():
    run = ended_run("ann")
    with pytest.raises(BadInput):
        make_model(run.id, "bob")
    (run.folder / "model.keras").write_bytes(b"weights")
    (run.folder / "card.json").write_text(json.dumps({"title": "A run", "class_names": []}))
    reference = make_model(run.id, "bob", title=" Mine ")
    folder = storage.entry("models", reference.removeprefix("model:"))
    assert (folder / "model.keras").read_bytes() == b"weights"
    assert json.loads((folder / "card.json").read_text())["title"] == "Mine"
    assert json.loads((folder / "owner.json").read_text())["owner"] == "bob"
