"""Real searches of tiny trials, in this process; then one whose worker is killed."""

import json
import os
import signal
import time

import numpy as np
import pytest

from cnnviz import quotas, storage
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import BadInput, CnnvizError
from cnnviz.models import store
from cnnviz.models.model import load_model
from cnnviz.models.references import ModelReference
from cnnviz.runs import attempts, locks, queue, trials
from cnnviz.runs.archive import stream
from cnnviz.runs.run import PAUSE, STOP, Run, create_run, delete_run, list_runs, make_model
from cnnviz.runs.turns import next_turn
from cnnviz.training import launch
from cnnviz.training.config import TrainingConfig
from cnnviz.training.oracles import Oracle
from cnnviz.training.search import NEXT, carry_out_trial, search
from cnnviz.training.search_config import Range, SearchConfig, hyperband_plan
from cnnviz.training.search_ending import ended_trials

BASE = TrainingConfig(dataset="mnist", architecture="lenet5", epochs=1, limit=120, batch_size=16)


def of(run):
    return [Run(trial.run) for trial in trials.listed(run.folder)]


def kinds(run, kind):
    return [e for e in run.events() if e["kind"] == kind]


def queued_search(config):
    checked = config.check()
    run, lock = create_run(checked.base.to_json(), "ann", search=checked.to_json())
    return run, lock


@pytest.fixture(scope="module")
def finished():
    heard = []
    config = SearchConfig(BASE, {"learning_rate": (0.003, 0.01), "optimizer": ("sgd", "adam")})
    return search(config, heard.append, "ann"), heard


def test_every_trial_is_a_run_of_its_own(finished):
    run, heard = finished
    assert run.status == "finished" and list(run.events()) == heard
    found = of(run)
    assert len(found) == 4 and {r.status for r in found} == {"finished"}
    assert {(r.config["learning_rate"], r.config["optimizer"]) for r in found} == {
        (rate, name) for rate in (0.003, 0.01) for name in ("sgd", "adam")
    }
    for trial, r in zip(trials.listed(run.folder), found, strict=True):
        assert r.parent == run.id and r.owner == "ann" and len(kinds(r, "epoch")) == 1
        assert r.config["learning_rate"] == trial.values["learning_rate"]
    assert [e["kind"] for e in heard[1:4]] == ["trial", "trial_epoch", "trial_end"]
    assert [e["step"] for e in heard if e["kind"] == "trial_end"] == [1, 2, 3, 4]
    assert run.progress.fraction == 1.0
    assert [r.id for r in list_runs("ann")] == [run.id]


def test_the_best_is_its_model_and_alone_sees_the_test_images(finished):
    run, _ = finished
    best = max(of(run), key=lambda r: r.outcome["val_accuracy"])
    assert run.outcome["best"] == best.id == ended_trials(run)[0].id
    assert run.outcome["val_accuracy"] == best.outcome["val_accuracy"]
    measured = [r.id for r in of(run) if "test_accuracy" in r.outcome]
    assert measured == [best.id]
    test = load_dataset("mnist", "test")
    model = load_model(run.reference)
    right = (model.predict(test.images).argmax(1) == test.labels).mean()
    assert right == pytest.approx(run.outcome["test_accuracy"], abs=2e-4)
    card = ModelReference.parse(run.reference).card
    assert [a.split for a in card.accuracy] == ["test", "val"] and card.title == run.title
    assert make_model(run.id, "ann").startswith("model:")
    listed = [e.reference for e in store.list_models("ann")]
    assert run.reference in listed and best.reference not in listed


def test_only_the_best_few_keep_their_weights(finished):
    run, _ = finished
    with_weights = [r.id for r in of(run) if (r.folder / "model.keras").exists()]
    assert set(with_weights) == {r.id for r in ended_trials(run)[: trials.KEPT]}
    (other,) = {r.id for r in of(run)} - set(with_weights)
    assert Run(other).checkpoints == () and Run(other).progress.insights
    assert not any((r.folder / "resume").exists() for r in of(run))


def test_its_zip_says_what_was_tried(finished):
    run, _ = finished
    data = b"".join(stream(run, "search"))
    assert b"search.json" in data and b"trials.json" in data and b"oracle.json" not in data


def test_a_trial_is_not_steered_on_its_own(finished):
    run, _ = finished
    trial = of(run)[0]
    for act in (trial.request_pause, lambda owner: trial.request_learning_rate(0.1, owner)):
        with pytest.raises(BadInput, match="trial of a search"):
            act("ann")


@pytest.mark.slow
def test_a_trial_that_fails_does_not_end_the_search():
    config = SearchConfig(BASE, {"learning_rate": (0.01, 1e6), "optimizer": ("sgd", "adam")})
    run = search(config, owner="ann")
    status = {(r.config["optimizer"], r.config["learning_rate"]): r.status for r in of(run)}
    assert status["sgd", 1e6] == "failed" and status["sgd", 0.01] == "finished"
    failed = next(r for r in of(run) if r.status == "failed")
    assert "no longer a number" in str(failed.error)
    assert run.status == "finished" and run.outcome["failed"] >= 1
    delete_run(run.id, "ann")
    assert not (storage.area("runs") / failed.id).exists()


def test_where_every_trial_fails_the_search_says_why():
    tall = TrainingConfig(
        dataset="mnist", architecture="own", epochs=1, limit=60, parameters={"blocks": "conv 4"}
    )
    pools = "conv 4, " + "pool, " * 6 + "dense 4"
    base = TrainingConfig(**{**tall.to_json(), "parameters": {"blocks": pools}})
    with pytest.raises(CnnvizError, match="shrunk to nothing"):
        search(SearchConfig(base, {"blocks.filters": (1, 2)}, trials=2), owner="eve")
    (run,) = list_runs("eve")
    assert run.status == "failed" and run.outcome["failed"] == 2


@pytest.mark.slow
def test_pause_go_on_and_stop():
    """In the middle of a trial, which another process goes on with, exactly there."""
    long = TrainingConfig(**{**BASE.to_json(), "augmentation": None, "epochs": 3, "limit": 2000})
    run, lock = queued_search(SearchConfig(long, {"learning_rate": (0.001, 0.01)}))
    heard = []

    def pause(event):
        heard.append(event)
        if event["kind"] == "trial_epoch" and event["epoch"] == 1:
            (run.folder / "commands" / PAUSE).write_bytes(b"")

    assert carry_out_trial(run, pause) == "paused"
    locks.let_go(lock)
    (trial,) = of(run)
    assert run.status == trial.status == "paused"
    step = max(e["step"] for e in kinds(trial, "batch"))
    assert step >= 125 and (trial.folder / "resume" / "state.npz").exists()
    (run.folder / "paused").unlink()
    queue.enqueue(run.id)
    assert run.status == trial.status == "waiting"
    turn, lock = next_turn()
    assert turn.id == run.id

    def stop(event):
        if event["kind"] == "trial":
            (run.folder / "commands" / STOP).write_bytes(b"")

    assert carry_out_trial(run, stop) == NEXT
    assert trial.status == "stopped" and kinds(trial, "resume")[0]["step"] == step
    assert carry_out_trial(run) == "stopped"
    locks.let_go(lock)
    assert run.status == "stopped" and queue.queued() == []
    assert run.outcome["best"] == trial.id and "test_accuracy" not in run.outcome
    assert (run.folder / "model.keras").exists()


def test_a_search_that_rests_can_be_stopped():
    """What the trial under way has learned becomes its model, and the search's."""
    long = TrainingConfig(**{**BASE.to_json(), "augmentation": None, "epochs": 3, "limit": 600})
    run, lock = queued_search(SearchConfig(long, {"learning_rate": (0.001, 0.01)}))
    seen = []

    def leave():
        found = of(run)
        seen.append(bool(found) and bool(kinds(found[0], "epoch")))
        return seen[-1]

    assert carry_out_trial(run, should_yield=leave) == "yielded"
    locks.let_go(lock)
    run.request_stop("ann")
    turn, lock = next_turn()
    assert turn.id == run.id and carry_out_trial(turn) == "stopped"
    locks.let_go(lock)
    (trial,) = of(run)
    assert run.status == trial.status == "stopped" and queue.queued() == []
    assert len(kinds(trial, "resume")) == 1 and (run.folder / "model.keras").exists()


@pytest.mark.slow
def test_a_trial_that_kills_its_workers_fails_and_the_search_goes_on():
    run, lock = queued_search(SearchConfig(BASE, {"learning_rate": (0.001, 0.01)}))
    for _worker in range(attempts.ENOUGH - 1):

        def die(event):
            if event["kind"] == "trial":
                raise SystemExit  # nothing is taken back, as in a worker that is killed

        with pytest.raises(SystemExit):
            carry_out_trial(run, die)
    assert carry_out_trial(run) == NEXT
    (first,) = of(run)
    assert first.status == "failed"
    assert f"ended from outside {attempts.ENOUGH - 1} times" in str(first.error)
    assert carry_out_trial(run) == NEXT and carry_out_trial(run) == "finished"
    locks.let_go(lock)
    assert (run.outcome["completed"], run.outcome["failed"]) == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("tuner", ["random", "bayesian"])
def test_an_oracle_goes_on_as_if_nothing_had_happened(tuner, tmp_path):
    """Loaded anew before every trial, it asks for the same as one that stays."""

    def ask(folder, anew):
        folder.mkdir()
        space = {"learning_rate": Range(1e-4, 1e-1, log=True), "batch_size": (16, 32, 64)}
        config = SearchConfig(BASE, space, tuner, 8, 3).check()
        oracle, asked = Oracle(folder, config), []
        while (trial := oracle.next()) is not None:
            if anew:
                oracle = Oracle(folder, config)
                again = oracle.next()
                assert again.hyperparameters.values == trial.hyperparameters.values
                trial = again
            values = dict(trial.hyperparameters.values)
            asked.append(values)
            score = 1 - abs(np.log10(values["learning_rate"]) + 2) / 4
            oracle.report(trial, {} if len(asked) == 3 else {1: score / 2, 2: score})
        return asked

    kept, anew = ask(tmp_path / "a", False), ask(tmp_path / "b", True)
    assert len(kept) == len(anew) == 8
    if tuner == "random":
        assert kept == anew
    else:  # it looks for the best place from places of chance, which begin anew
        assert kept[:3] == anew[:3]
        best = [abs(np.log10(v["learning_rate"]) + 2) for v in anew]
        assert np.median(best[4:]) < np.median(best[:3])


@pytest.mark.slow
def test_hyperband_goes_on_with_the_best():
    base = TrainingConfig(**{**BASE.to_json(), "augmentation": None, "epochs": 3})
    run = search(SearchConfig(base, {"learning_rate": Range(1e-4, 0.03, log=True)}, "hyperband"))
    listed = trials.listed(run.folder)
    assert tuple((t.epochs, t.first) for t in listed) == hyperband_plan(3)
    longer = next(t for t in listed if t.begun_by)
    begun, went_on = Run(listed[longer.begun_by - 1].run), Run(longer.run)
    first = [r for r in of(run)[:3] if r.outcome["val_accuracy"] is not None]
    assert begun.outcome["val_accuracy"] == max(r.outcome["val_accuracy"] for r in first)
    assert [e["epoch"] for e in kinds(went_on, "epoch")] == [1, 2, 3]
    assert kinds(went_on, "epoch")[0] == kinds(begun, "epoch")[0]
    (resumed,) = kinds(went_on, "resume")
    assert (resumed["why"], resumed["epoch"], resumed["epochs"]) == ("longer", 1, 3)
    assert went_on.progress.epochs == 3 and went_on.progress.fraction == 1.0
    whole = search(  # the same epochs in one go: a constant rate makes no difference
        SearchConfig(
            TrainingConfig(**{**went_on.config, "augmentation": (), "title": ""}),
            {"learning_rate": (went_on.config["learning_rate"], 0.5)},
            trials=2,
        )
    )
    alike = next(r for r in of(whole) if r.config["learning_rate"] < 0.4)
    rows = [[e["val_loss"] for e in kinds(r, "epoch")] for r in (alike, went_on)]
    np.testing.assert_allclose(*rows, rtol=1e-4)


@pytest.mark.slow
def test_twelve_trials_and_a_killed_worker(monkeypatch):
    """At most one epoch of one trial is learned twice, and the rest is as if nothing had been."""
    monkeypatch.setenv("CNNVIZ_TRAINING_SLOTS", "1")
    base = TrainingConfig(**{**BASE.to_json(), "augmentation": None, "epochs": 3, "limit": 600})
    space = {"learning_rate": Range(1e-4, 0.03, log=True), "batch_size": (8, 16, 32)}
    run = launch.start_search(SearchConfig(base, space, trials=12), "ann")
    other = launch.start_training(BASE, "bob")

    def wait(condition):
        until = time.monotonic() + 280
        while not condition():
            assert time.monotonic() < until, "waited in vain"
            launch.dispatch()
            time.sleep(0.05)

    def under_way():
        found = [r for r in of_safe(run) if r.status == "running"]
        return found[0] if len(of_safe(run)) == 5 and found else None

    wait(lambda: under_way() and len(kinds(under_way(), "epoch")) == 2)
    killed = under_way()
    (worker,) = [w.process for w in launch._workers]
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    seen = len(kinds(killed, "epoch"))
    wait(lambda: run.outcome is not None)
    assert run.status == "finished" and run.outcome["completed"] == 12
    assert [e["epoch"] for e in kinds(killed, "epoch")] == [1, 2, 3]
    (resumed,) = kinds(killed, "resume")
    assert resumed["why"] == "broke_off" and seen - resumed["epoch"] <= 1
    for r in of(run):
        assert r.status == "finished" and len(kinds(r, "epoch")) == 3
        assert len(kinds(r, "resume")) == (r.id == killed.id)
    began = other.events()[0]["time"]
    assert sum(r.events()[0]["time"] < began for r in of(run)) <= 1  # others wait for one trial
    learned = [(e["trial"], e["epoch"]) for e in kinds(run, "trial_epoch")]
    assert len(set(learned)) == 36 and len(learned) <= 37
    assert json.loads((run.folder / "oracle.json").read_text())["trials"].keys() >= {"00", "11"}


def of_safe(run):
    """The trials whose runs are there already."""
    return [Run(p.name) for p in trials.folders(run.folder)]


def test_asked_to_rest_and_to_stop_it_stops():
    """Both buttons stay while a trial loads; a search that rests would say “Stopping” for ever."""
    run, lock = queued_search(SearchConfig(BASE, {"learning_rate": (0.001, 0.01)}))
    for command in (PAUSE, STOP):
        (run.folder / "commands" / command).write_bytes(b"")
    assert carry_out_trial(run) == "stopped"
    locks.let_go(lock)
    assert run.status == "stopped" and of(run) == []


def test_every_trial_asks_for_room(monkeypatch):
    """With Hyperband dozens of states are kept; the room at the start was for a few."""
    run, lock = queued_search(SearchConfig(BASE, {"learning_rate": (0.001, 0.01)}))
    monkeypatch.setenv(quotas.LIMIT, "1")
    assert carry_out_trial(run) == "failed"
    locks.let_go(lock)
    assert "everybody has on this server" in str(run.error) and of(run) == []
