"""A search and its trials as one: in lists, in sizes, when it is deleted or set aside."""

import json

import numpy as np
import pytest

from cnnviz import belongings, clearing, storage
from cnnviz.errors import BadInput
from cnnviz.runs import locks, queue, trials
from cnnviz.runs.run import Run, create_run, delete_run, list_runs
from cnnviz.runs.trials import Trial
from cnnviz.training.launch import resume_training

SEARCH = {"tuner": "random", "trials": 2, "seed": 0, "space": {"dropout": [0, 0.5]}}


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))


def make(trial_count=2, ended=True):
    search, lock = create_run({"title": "S", "dataset": "mnist"}, "ann", search=SEARCH)
    locks.let_go(lock)
    found = []
    for number in range(1, trial_count + 1):
        run, lock = create_run({"title": f"T{number}"}, "ann", parent=search.id)
        (run.folder / "model.keras").write_bytes(b"x" * 1000)
        np.savez(run.folder / "checkpoints" / "epoch-1.npz", w0=np.zeros(10))
        (run.folder / "resume").mkdir()
        (run.folder / "resume" / "state.npz").write_bytes(b"state")
        (run.folder / "events.jsonl").write_text("{}\n")
        locks.let_go(lock)
        found.append(Trial(number, run.id, {"dropout": 0.5}, 3))
    trials.write(search.folder, tuple(found))
    if ended:
        (search.folder / "outcome.json").write_text(json.dumps({"status": "finished"}))
    return search, [Run(t.run) for t in found]


def test_only_the_search_is_listed():
    search, (first, second) = make()
    assert search.search == SEARCH and search.parent is None and first.search is None
    assert first.parent == second.parent == search.id
    assert [r.id for r in list_runs("ann")] == [search.id]
    assert trials.listed(first.folder) == ()


def test_it_is_one_thing_with_the_size_of_all():
    search, found = make()
    (thing,) = belongings.of("ann")
    assert thing.identifier == search.id
    assert thing.size > 2000 and all(Run(r.id).parent == search.id for r in found)


def test_it_is_deleted_with_its_trials_and_they_not_before_it_ended():
    search, (first, _second) = make(ended=False)
    with pytest.raises(BadInput, match="Stop the search first"):
        delete_run(first.id, "ann")
    delete_run(search.id, "ann")
    assert not list(storage.area("runs").iterdir())


def test_a_trial_of_an_ended_search_can_go_alone():
    search, (first, second) = make()
    delete_run(first.id, "ann")
    assert trials.folders(search.folder) == [second.folder]
    assert list_runs("ann")[0].id == search.id


def test_set_aside_and_brought_back_whole():
    search, found = make()
    (thing,) = belongings.of("ann")
    assert clearing.set_aside([thing]) == [thing]
    assert list_runs("ann") == [] and belongings.of("ann") == []
    assert clearing.bring_back([thing]) == [thing]
    assert trials.folders(search.folder) == [r.folder for r in found]
    assert clearing.delete(thing)
    assert not list(storage.area("runs").iterdir())


def test_a_trial_waits_and_rests_with_its_search():
    search, (first, _second) = make(ended=False)
    assert first.status == search.status == "lost"
    queue.enqueue(search.id)
    assert first.status == search.status == "waiting" and first.pending
    search.request_pause("ann")
    assert first.status == search.status == "paused"
    first.request_stop("ann")
    assert not queue.is_queued(first.id) and first.outcome is None
    with pytest.raises(BadInput, match="trial of a search"):
        first.request_pause("ann")


def test_a_search_that_has_had_its_turn_goes_to_the_end():
    search, _found = make(ended=False)
    queue.enqueue(search.id)
    other, lock = create_run({"title": "O"}, "bob")
    locks.let_go(lock)
    queue.enqueue(other.id)
    assert queue.queued() == [search.id, other.id]
    queue.requeue(search.id)
    assert queue.queued() == [other.id, search.id]


def test_what_is_small_stays_of_a_trial():
    _search, (first, second) = make()
    trials.let_weights_go(first.folder)
    assert {f.name for f in first.folder.iterdir()} >= {"config.json", "events.jsonl"}
    assert not any((first.folder / name).exists() for name in ("model.keras", "resume"))
    trials.let_weights_go(second.folder, keep_state=True)
    assert (second.folder / "resume" / "state.npz").exists()
    trials.let_weights_go(second.folder)
    assert first.checkpoints == second.checkpoints == ()


def test_progress_can_be_gone_on_from():
    search, (first, _second) = make()
    longer, lock = create_run({"title": "L"}, "ann", parent=search.id, begun=first.folder)
    locks.let_go(lock)
    assert (longer.folder / "resume" / "state.npz").read_bytes() == b"state"
    assert [c.label for c in longer.checkpoints] == ["epoch-1"]
    assert not (longer.folder / "model.keras").exists() and longer.outcome is None


def test_a_trial_does_not_go_on_beside_its_search():
    search, (first, _second) = make(ended=False)
    (first.folder / "outcome.json").unlink(missing_ok=True)
    with pytest.raises(BadInput, match="let the search go on"):
        resume_training(first.id, "ann")
    assert not queue.is_queued(first.id)


def test_a_search_whose_trial_is_gone_already_is_deleted_all_the_same():
    search, found = make()
    folders = [run.folder for run in (search, *found)]
    storage.remove(folders[-1])
    delete_run(search.id, "ann")
    assert not any(folder.exists() for folder in folders)
