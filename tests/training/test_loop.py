"""Real trainings on a few real images, in this process."""

import json
import math
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest

from cnnviz import storage
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import BadInput, NotPossible
from cnnviz.models.cards import read_card
from cnnviz.models.references import ModelReference
from cnnviz.runs import locks
from cnnviz.runs.run import Run, create_run, make_model
from cnnviz.training import keeping
from cnnviz.training.config import TrainingConfig
from cnnviz.training.loop import carry_out, train
from cnnviz.training.network import Network

SMALL = TrainingConfig(dataset="mnist", architecture="lenet5", epochs=3, limit=500)


@pytest.fixture(scope="module")
def finished():
    heard = []
    run = train(SMALL, heard.append)
    return run, heard


def kinds(run, kind):
    return [e for e in run.events() if e["kind"] == kind]


def test_the_diary_is_complete_and_in_order(finished):
    run, heard = finished
    assert run.status == "finished"
    for read, told in zip(run.events(), heard, strict=True):
        same = read.keys() - {"probabilities"}
        assert read.keys() == told.keys() and all(read[name] == told[name] for name in same)
        shares = (e.get("probabilities", ()) for e in (read, told))  # in memory single precision
        np.testing.assert_allclose(*shares, rtol=1e-7)
    start = heard[0]
    assert (start["kind"], start["steps_per_epoch"], start["epochs"]) == ("start", 7, 3)
    assert heard[-1] == heard[-1] | {"kind": "end", "status": "finished", "step": 21}
    steps = [e["step"] for e in kinds(run, "batch")]
    assert steps == sorted(set(steps)) and len(steps) > 10 and 1 <= steps[0] <= 3
    assert [e["epoch"] for e in kinds(run, "epoch")] == [1, 2, 3]
    assert [e["step"] for e in kinds(run, "validation")] == [1, 3, 5, 7, 14, 21]
    assert [e["step"] for e in kinds(run, "samples")] == [0, 1, 3, 5, 7, 14, 21]
    last = kinds(run, "batch")[-1]
    assert last["images_per_second"] > 0 and last["seconds_left"] >= 0
    assert last["learning_rate"] == 0.001


def test_batch_events_tell_the_batches_between_them(finished):
    run, _ = finished
    for epoch in kinds(run, "epoch"):
        total, before = 0.0, epoch["step"] - 7
        for batch in kinds(run, "batch"):
            if batch["epoch"] == epoch["epoch"]:
                total += batch["loss"] * (batch["step"] - before)
                before = batch["step"]
        if before == epoch["step"]:  # the last batch of the epoch had its event
            assert math.isclose(total / 7, epoch["loss"], rel_tol=1e-3)


def test_the_nine_samples_are_what_the_network_says(finished):
    run, _ = finished
    val = load_dataset("mnist", "val")
    start, last = run.events()[0], kinds(run, "samples")[-1]
    indices = start["sample_indices"]
    assert len(set(indices)) == 9 and len(set(start["sample_labels"])) == 9
    assert val.labels[indices].tolist() == start["sample_labels"] == last["labels"]
    network = keras.models.load_model(run.folder / "model.keras")
    weights = np.load(run.folder / "checkpoints" / "epoch-3.npz")
    network.set_weights([weights[f"w{i}"].astype(np.float32) for i in range(len(weights.files))])
    shares = network.predict(val.images[indices], verbose=0)
    np.testing.assert_allclose(shares, last["probabilities"], atol=0.01)  # weights are float16


def test_the_result_is_the_best_epoch_with_its_card(finished):
    run, _ = finished
    outcome, card = run.outcome, read_card(run.folder)
    best = max(kinds(run, "epoch"), key=lambda e: (e["val_accuracy"], -e["val_loss"]))
    assert outcome["best_epoch"] == best["epoch"]
    val, test = load_dataset("mnist", "val"), load_dataset("mnist", "test")
    network = keras.models.load_model(run.folder / "model.keras")
    right = (network.predict(val.images, verbose=0).argmax(1) == val.labels).mean()
    assert right == pytest.approx(outcome["val_accuracy"], abs=0.0011) and right > 0.4
    assert [(a.split, a.images) for a in card.accuracy] == [("test", 10000), ("val", 1000)]
    right = (
        network.predict(test.images, batch_size=500, verbose=0).argmax(1) == test.labels
    ).mean()
    assert card.accuracy[0].value == outcome["test_accuracy"] == pytest.approx(right, abs=2e-4)
    assert card.class_names == test.class_names and card.dataset == "mnist"
    assert not getattr(network, "optimizer", None)
    assert not (run.folder / "resume").exists() and not list(run.folder.glob(".*"))


def test_its_checkpoints_can_be_referred_to(finished):
    run, _ = finished
    labels = [c.label for c in run.checkpoints]
    assert labels == ["step-0", "epoch-1", "step-10", "epoch-2", "epoch-3"]
    for label in (*labels, "last"):
        file = ModelReference.parse(f"run:{run.id}@{label}").checkpoint_file
        with np.load(file) as arrays:
            assert arrays["w0"].dtype == np.float16
    assert ModelReference.parse(run.reference).checkpoint_file is None  # model.keras itself
    reference = make_model(run.id, "ann")
    assert ModelReference.parse(reference).card.accuracy == read_card(run.folder).accuracy


def test_the_untrained_network_depends_on_the_seed_alone(finished):
    run, _ = finished
    val = load_dataset("mnist", "val")
    used = Network(SMALL.check(), val.images.shape[1:], 10)
    used.warm_up(64)
    used.begin(SMALL.check())
    first = np.load(run.folder / "checkpoints" / "step-0.npz")
    for i, weights in enumerate(used.model.get_weights()):
        np.testing.assert_array_equal(first[f"w{i}"], weights.astype(np.float16))
    used.begin(replace(SMALL, seed=1).check())
    assert (used.model.get_weights()[0].astype(np.float16) != first["w0"]).any()
    assert int(used.optimizer.iterations) == 0


class Killed(BaseException):
    """As sudden as kill -9, but in this process."""


def test_a_killed_run_goes_on_as_if_nothing_had_been(finished):
    whole, _ = finished
    run, lock = create_run(SMALL.check().to_json(), "ann")

    def kill(event):
        if event["kind"] == "validation" and event["step"] == 14:
            raise Killed

    with pytest.raises(Killed):
        carry_out(run, kill)
    assert not (run.folder / "outcome.json").exists()
    carry_out(run)
    locks.let_go(lock)
    assert run.status == "finished"
    assert [e["epoch"] for e in kinds(run, "epoch")] == [1, 2, 3]
    assert [(e["epoch"], e["step"]) for e in kinds(run, "resume")] == [(1, 7)]
    steps = [e["step"] for e in kinds(run, "batch")]
    assert steps == sorted(set(steps))
    for mine, other in zip(kinds(run, "epoch"), kinds(whole, "epoch"), strict=True):
        assert mine["val_loss"] == pytest.approx(other["val_loss"], rel=1e-3)
        assert mine["loss"] == pytest.approx(other["loss"], rel=1e-3)


def test_stopping_keeps_what_was_learned():
    run, lock = create_run(replace(SMALL, epochs=50).check().to_json(), "ann")

    def stop(event):
        if event["kind"] == "batch" and event["step"] == 16:
            run.request_stop("ann")

    carry_out(run, stop)
    locks.let_go(lock)
    outcome = run.outcome
    assert run.status == "stopped" and 14 < outcome["step"] < 14 + 60
    assert run.checkpoints[-1].step == outcome["step"]
    assert keras.models.load_model(run.folder / "model.keras").count_params() > 0
    assert read_card(run.folder).accuracy[0].split == "val"


def test_a_loss_beyond_all_numbers_is_said_so():
    with pytest.raises(NotPossible, match="no longer a number") as caught:
        train(replace(SMALL, learning_rate=1e6, optimizer="sgd"))
    assert "1000000" in str(caught.value).replace("1e+06", "1000000")
    run = Run(sorted(storage.area("runs").iterdir(), key=lambda f: f.stat().st_mtime)[-1].name)
    assert run.status == "failed" and run.outcome["val_accuracy"] is None
    assert run.error.template.startswith("At step {step}")
    assert run.checkpoints[0].label == "step-0"


def test_a_full_disk_is_said_so(monkeypatch):
    run, lock = create_run(SMALL.check().to_json(), "ann")
    real = keeping.save_checkpoint

    def full(folder, label, *rest):
        if label == "epoch-1":
            raise OSError(28, "No space left on device")
        real(folder, label, *rest)

    monkeypatch.setattr(keeping, "save_checkpoint", full)
    carry_out(run)
    locks.let_go(lock)
    assert run.status == "failed" and "disk is full" in str(run.error)
    assert "No space left" in (run.folder / "log.txt").read_text()


def test_what_nobody_foresaw_is_said_without_details(monkeypatch):
    def broken(self, images):
        raise RuntimeError("secret/path")

    monkeypatch.setattr(Network, "probabilities", broken)
    run, lock = create_run(SMALL.check().to_json(), "ann")
    carry_out(run)
    locks.let_go(lock)
    assert run.status == "failed" and run.error.code == "unexpected"
    assert "secret" not in json.dumps(run.outcome)
    assert "secret/path" in (run.folder / "log.txt").read_text()


def test_bad_settings_make_no_run():
    before = len(list(storage.area("runs").iterdir()))
    with pytest.raises(BadInput):
        train(replace(SMALL, epochs=0))
    assert len(list(storage.area("runs").iterdir())) == before


def test_a_data_set_that_vanished_is_said_so(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    config = TrainingConfig(dataset=str(folder)).check()
    shutil.rmtree(folder)
    run, lock = create_run(config.to_json(), "ann")
    carry_out(run)
    locks.let_go(lock)
    assert run.status == "failed" and run.error.code != "unexpected"
