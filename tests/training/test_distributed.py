"""One training on two workers of a real Ray cluster in this machine."""

import time
from dataclasses import replace

import numpy as np
import pytest

from cnnviz.errors import BadInput, NotPossible
from cnnviz.runs import locks
from cnnviz.runs.run import create_run, list_runs
from cnnviz.training import distributed
from cnnviz.training.config import TrainingConfig
from cnnviz.training.distributed import train_on_nodes
from cnnviz.training.launch import let_go_on
from cnnviz.training.loop import carry_out
from tests.training.test_strategies import NORMALISED, TRANSFER, assert_same_course

SMALL = TrainingConfig(
    dataset="mnist", architecture="lenet5", epochs=2, limit=300, batch_size=30, augmentation=()
)


def alone(config):
    run, lock = create_run(config.check().to_json(), "ann")
    try:
        carry_out(run)
    finally:
        locks.let_go(lock)
    return run


@pytest.fixture(scope="module")
def ray(home):
    found = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        found.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
        yield found
        found.shutdown()


def test_a_batch_that_cannot_be_shared_is_refused_before_anything_begins():
    before = len(list_runs())
    for workers in (0, 4):
        with pytest.raises(BadInput, match="shared equally"):
            train_on_nodes(SMALL, workers=workers)
    with pytest.raises(BadInput, match="shared equally"):
        train_on_nodes(SMALL, workers=2, gpus=2)
    assert len(list_runs()) == before


@pytest.mark.slow
@pytest.mark.parametrize("how", [{}, NORMALISED, TRANSFER], ids=["lenet", "batch norm", "transfer"])
def test_two_workers_learn_what_one_does(ray, how):
    config = replace(SMALL, **how)
    run = train_on_nodes(config, workers=2, owner="ann")
    assert run.status == "finished" and run.owner == "ann"
    assert run.events()[0]["device_name"].startswith("2 × ")
    known = alone(config)
    assert_same_course(run, known, 2e-2 if how is NORMALISED else 1e-3)
    assert {f.name for f in run.folder.iterdir()} == {f.name for f in known.folder.iterdir()}


@pytest.mark.slow
def test_a_lost_worker_ends_the_attempt_and_the_run_goes_on(ray, monkeypatch):
    """The one that is not the chief is killed in the second epoch; then once more with both."""
    config = replace(SMALL, epochs=4, limit=3000)
    members, made = [], distributed._members

    def keep(*given):
        members[:] = made(*given)
        return members

    monkeypatch.setattr(distributed, "_members", keep)
    waited, wait = [], ray.wait

    def kill_one(refs, **how):
        if not waited:
            run = list_runs("bob")[0]
            while not (run.folder / "resume" / "state.npz").exists():
                time.sleep(0.05)
            ray.kill(members[1])
            waited.append(run)
        return wait(refs, **how)

    monkeypatch.setattr(ray, "wait", kill_one)
    with pytest.raises(NotPossible, match="was lost"):
        train_on_nodes(config, workers=2, owner="bob")
    run = waited[0]
    assert run.status == "lost" and run.outcome is None
    assert (run.folder / "resume" / "state.npz").exists()

    assert train_on_nodes(workers=2, resume=run.id, owner="bob") == run
    assert run.status == "finished"
    kinds = [e["kind"] for e in run.events()]
    assert kinds.count("resume") == 1 and kinds.count("epoch") == 4
    known = alone(config)
    mine, theirs = (
        np.array([[e["loss"], e["val_loss"]] for e in r.events() if e["kind"] == "epoch"])
        for r in (run, known)
    )
    np.testing.assert_allclose(mine, theirs, rtol=2e-2)
    with pytest.raises(BadInput, match="rests or broke off"):
        train_on_nodes(workers=2, resume=run.id, owner="bob")


@pytest.mark.slow
def test_paused_on_two_workers_it_goes_on_in_one_process(ray, monkeypatch):
    config, wait = replace(SMALL, limit=1500), ray.wait

    def pause(refs, **how):
        run = list_runs("cy")[0]
        while not any(e["kind"] == "batch" and e["step"] >= 12 for e in run.events()):
            time.sleep(0.01)
        run.request_pause("cy")
        return wait(refs, **how)

    monkeypatch.setattr(ray, "wait", pause)
    run = train_on_nodes(config, workers=2, owner="cy")
    assert run.status == "paused"
    lock = locks.take(run.folder)
    let_go_on(run)
    assert carry_out(run) == "finished"
    locks.let_go(lock)
    assert_same_course(run, alone(config), 1e-2)
