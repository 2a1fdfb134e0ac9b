"""What a training does besides its steps: it rests, goes on, changes its pace, ends early."""

import math
import os
import subprocess
from dataclasses import replace

import keras
import numpy as np
import pytest

from cnnviz import storage
from cnnviz.models.model import load_model, save_model
from cnnviz.models.store import delete_model
from cnnviz.runs import checkpoints, locks, queue
from cnnviz.runs.insights import read_insight
from cnnviz.runs.run import PAUSED, create_run
from cnnviz.training import curve, ending, wishes
from cnnviz.training.config import TrainingConfig
from cnnviz.training.learning import Training
from cnnviz.training.loop import carry_out, train

# Everything that has a state of its own: dropout, momentum, averages, chance in the images.
RICH = TrainingConfig(
    dataset="mnist",
    architecture="lenet5",
    parameters={"dropout": 0.3},
    epochs=3,
    limit=500,
    augmentation=("shift",),
    schedule="cosine",
    weight_averaging=True,
)
TINY = TrainingConfig(dataset="mnist", architecture="lenet5", limit=100, batch_size=50)


def begin(config):
    run, lock = create_run(config.check().to_json(), "ann")
    locks.let_go(lock)
    return run


def kinds(run, kind):
    return [e for e in run.events() if e["kind"] == kind]


def weights_of(run):
    return keras.models.load_model(run.folder / "model.keras").get_weights()


def at_step(step, act):
    """An ``on_event`` that acts once, as soon as that step is known to be done."""
    waiting = [True]

    def hear(event):
        if waiting and event["kind"] == "batch" and event["step"] >= step:
            waiting.clear()
            act()

    return hear


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    """Wishes are looked for after every step, however fast this machine is."""
    monkeypatch.setattr(wishes, "POLL_S", 0)


@pytest.fixture(scope="module")
def whole():
    """A training that nobody disturbed, and the network it used."""
    ready = []
    run = begin(RICH)
    assert carry_out(run, on_network=ready.append) == "finished"
    return run, ready[0]


def same_course(run, whole):
    """The same network, the same diary but for times, and marks where it was left."""
    for mine, other in zip(weights_of(run), weights_of(whole), strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-6)
    for mine, other in zip(kinds(run, "epoch"), kinds(whole, "epoch"), strict=True):
        for name in ("epoch", "step", "loss", "accuracy", "val_loss", "val_accuracy"):
            assert mine[name] == pytest.approx(other[name], abs=2e-6)
    for kind in ("start", "validation", "samples", "checkpoint", "insight", "end"):
        mine, other = kinds(run, kind), kinds(whole, kind)
        assert [(e.get("step"), e.get("label")) for e in mine] == [
            (e.get("step"), e.get("label")) for e in other
        ]
    steps = [e["step"] for e in kinds(run, "batch")]
    assert steps == sorted(set(steps)) and steps[-1] == 21


def test_a_paused_training_goes_on_as_if_nothing_had_been(whole):
    whole, ready = whole
    run = begin(RICH)
    queue.enqueue(run.id)
    carry = at_step(10, lambda: run.request_pause("ann"))
    lock = locks.take(run.folder)  # as its worker: else the pause would have nothing to wait for
    assert carry_out(run, carry, ready) == "paused"
    locks.let_go(lock)
    assert (run.folder / PAUSED).exists() and not queue.is_queued(run.id)
    assert run.status == "paused" and not list((run.folder / "commands").iterdir())
    rest = run.events()[-1]
    assert (rest["kind"], rest["step"]) == ("pause", 10)
    assert [e["step"] for e in kinds(run, "batch")][-1] == rest["step"]  # all that was done is told
    assert carry_out(run, ready=ready) == "finished"
    same_course(run, whole)
    (resumed,) = kinds(run, "resume")
    assert (resumed["why"], resumed["epoch"], resumed["step"]) == ("asked", 1, rest["step"])
    total, before = 0.0, 7  # the epoch's mean is that of its batches on both sides of the pause
    for batch in (e for e in kinds(run, "batch") if e["epoch"] == 2):
        total += batch["loss"] * (batch["step"] - before)
        before = batch["step"]
    assert before == 14
    assert math.isclose(total / 7, kinds(run, "epoch")[1]["loss"], rel_tol=1e-4)


def test_a_process_that_has_to_end_yields_and_another_goes_on(whole):
    whole, ready = whole
    run, left = begin(RICH), 0
    for stop in (3, 9):
        told = []
        hear = at_step(stop, lambda told=told: told.append(1))
        left = carry_out(run, hear, ready, should_yield=lambda told=told: bool(told))
        assert left == "yielded" and run.outcome is None and not kinds(run, "pause")
    assert carry_out(run, ready=ready) == "finished"
    same_course(run, whole)
    assert [e["why"] for e in kinds(run, "resume")] == ["broke_off"] * 2


def test_a_run_can_rest_before_its_first_step(whole):
    _, ready = whole
    run = begin(replace(RICH, epochs=1))
    assert carry_out(run, ready=ready, should_yield=lambda: True) == "yielded"
    assert kinds(run, "batch") == [] and run.checkpoints[0].label == "step-0"
    assert carry_out(run, ready=ready) == "finished"
    assert [e["step"] for e in kinds(run, "batch")][:2] == [1, 2]
    assert len(kinds(run, "start")) == 1


def test_a_stop_that_comes_while_it_rests_publishes_what_was_learned(whole):
    _, ready = whole
    run, told = begin(RICH), []
    carry_out(run, at_step(4, lambda: told.append(1)), ready, lambda: bool(told))
    (run.folder / "commands" / "stop").touch()
    assert carry_out(run, ready=ready) == "stopped"
    assert run.outcome["step"] == run.checkpoints[-1].step == 4
    assert len(weights_of(run)) == 10 and kinds(run, "epoch") == []


class Killed(BaseException):
    """As sudden as kill -9, but in this process."""


def test_the_learning_rate_can_be_changed_while_it_runs_and_stays_so():
    run, ready = begin(replace(TINY, epochs=10, schedule="cosine")), []

    def hear(event):
        if event["kind"] == "epoch" and event["epoch"] == 2:
            (run.folder / "commands" / "learning_rate").write_text("0.02")
        if event["kind"] == "batch" and kinds(run, "learning_rate"):
            raise Killed

    with pytest.raises(Killed):
        carry_out(run, hear, on_network=ready.append)
    (told,) = kinds(run, "learning_rate")
    assert (told["rate"], told["why"]) == (0.02, "asked")
    assert not list((run.folder / "commands").iterdir())
    assert carry_out(run, ready=ready[0]) == "finished"
    assert kinds(run, "learning_rate") == [told]
    after = [e for e in kinds(run, "batch") if e["step"] > told["step"]]
    assert after[0]["step"] == told["step"] + 1
    assert after[0]["learning_rate"] == pytest.approx(0.02, rel=0.02)
    rates = [e["learning_rate"] for e in after]  # its cosine goes on to zero
    assert rates == sorted(rates, reverse=True) and rates[-1] < 1e-3


def test_a_new_rate_is_not_lost_with_who_took_the_wish(tmp_path):
    folder = tmp_path / "commands"
    folder.mkdir()

    def die(rate):
        raise Killed

    (folder / "learning_rate").write_text("0.02")
    with pytest.raises(Killed):
        wishes.Wishes(tmp_path, None, die).leave(1)
    heard = []
    assert wishes.Wishes(tmp_path, None, heard.append).leave(1) is None
    assert heard == [0.02] and not list(folder.iterdir())


def test_a_schedule_sets_the_rate_of_every_step(whole):
    run, _ = whole
    for event in kinds(run, "batch"):
        expected = 0.0005 * (1 + math.cos(math.pi * (event["step"] - 1) / 21))
        assert event["learning_rate"] == pytest.approx(expected, rel=1e-4)


def test_it_ends_early_where_nothing_gets_better_and_slows_down_before():
    run = begin(
        replace(
            TINY,
            epochs=50,
            optimizer="sgd",
            learning_rate=1e-7,
            schedule="reduce_on_plateau",
            early_stopping=5,
        )
    )
    assert carry_out(run) == "finished"
    outcome, epochs = run.outcome, kinds(run, "epoch")
    assert outcome["stopped_early"] is True and len(epochs) < 50
    losses = [e["val_loss"] for e in epochs]
    assert min(losses[:-5]) <= min(losses[-5:])
    best = max(epochs, key=lambda e: (e["val_accuracy"], -e["val_loss"]))
    assert outcome["best_epoch"] == best["epoch"]
    assert outcome["val_accuracy"] == best["val_accuracy"]
    slower = kinds(run, "learning_rate")
    assert slower[0]["why"] == "plateau" and slower[0]["rate"] == pytest.approx(3e-8)
    rates = [e["learning_rate"] for e in epochs]
    assert rates == sorted(rates, reverse=True) and rates[-1] < rates[0]


def test_more_of_a_pretrained_network_learns_later_and_slowly():
    base = {"base": "shipped:mnist_lenet5", "frozen_epochs": 1, "unfreeze": 2}
    run = begin(replace(TINY, architecture="transfer", parameters=base, epochs=3))
    told = []
    hear = at_step(3, lambda: told.append(1))  # in the second phase
    assert carry_out(run, hear, should_yield=lambda: bool(told)) == "yielded"
    assert carry_out(run) == "finished"
    (phase,), (slower,) = kinds(run, "phase"), kinds(run, "learning_rate")
    assert (phase["step"], phase["epoch"], phase["trainable"]) == (2, 2, 2)
    assert (slower["step"], slower["why"]) == (2, "phase")
    assert slower["rate"] == pytest.approx(1e-4)
    assert [e["learning_rate"] for e in kinds(run, "epoch")] == pytest.approx([1e-3, 1e-4, 1e-4])
    insight = read_insight(run.folder, "epoch-3")
    assert insight.layers[0].name == "base" and insight.layers[0].activations.std > 0


def test_the_model_it_builds_on_is_deleted_meanwhile():
    base = save_model(load_model("mnist_lenet5"), "ann")
    settings = replace(TINY, architecture="transfer", parameters={"base": base}, epochs=1)
    run, rests = begin(settings), begin(settings)
    assert carry_out(rests, should_yield=lambda: True) == "yielded"
    assert carry_out(run, at_step(1, lambda: delete_model(base, "ann"))) == "finished"
    assert load_model(run.reference).card.title == run.title
    assert carry_out(rests) == "failed"
    assert "builds on is not there" in str(rests.error)


def test_class_weights_let_the_rare_class_count_as_much():
    run = begin(replace(TINY, epochs=1, class_weights=True))
    training = Training(run, None, None, None, None)
    training.work()
    labels = training._batches._labels
    shown = [training._batches.batch(step) for step in range(2)]
    weights = np.concatenate([batch[2] for batch in shown])
    sums = np.bincount(np.concatenate([batch[1] for batch in shown]), weights)
    assert len(labels) == len(weights) == 100  # the whole epoch
    np.testing.assert_allclose(sums[sums > 0], sums.max(), rtol=1e-5)


def test_what_it_looks_like_inside_is_kept_with_every_checkpoint(whole):
    run, _ = whole
    labels = [c.label for c in run.checkpoints]
    assert sorted(run.progress.insights) == sorted(labels)
    for label in labels:
        insight = read_insight(run.folder, label)
        assert insight.label == label and insight.layers[0].name == "conv_1"
        assert (insight.confusion is not None) == label.startswith("epoch-")
    last, told = read_insight(run.folder, "epoch-3"), kinds(run, "epoch")[-1]
    confusion = np.array(last.confusion)
    assert (last.step, last.epoch) == (21, 3) and confusion.sum() == 1000
    assert confusion.trace() / 1000 == pytest.approx(told["val_accuracy"])
    first = read_insight(run.folder, "step-0")
    assert first.layers[0].weights != last.layers[0].weights


def test_memory_is_told_now_and_then(whole):
    run, _ = whole
    told = [e["memory"] for e in kinds(run, "batch") if "memory" in e]
    assert 1e8 < told[0] < 1e11 and run.progress.memory == told[-1]
    assert len(told) < len(kinds(run, "batch"))


def test_of_many_epochs_some_stay_the_best_among_them(monkeypatch):
    monkeypatch.setattr(checkpoints, "FIRST_EPOCHS", 2)
    monkeypatch.setattr(checkpoints, "LATER_EPOCHS", 3)
    run = begin(replace(TINY, epochs=12))
    carry_out(run)
    kept = {int(c.label[6:]) for c in run.checkpoints if c.epoch}
    assert kept == checkpoints.kept_epochs(12, run.outcome["best_epoch"])
    assert kept >= {1, 2, 12, run.outcome["best_epoch"]} and len(kept) <= 7
    files = {f.stem for f in (run.folder / "insights").iterdir()}
    assert set(run.progress.insights) == files == {c.label for c in run.checkpoints}


@pytest.fixture
def small_disk(tmp_path, monkeypatch):
    """A home on a disk of its own of a few MB."""
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=6m", "cnnviz-test", tmp_path],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not allowed here")
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


@pytest.mark.parametrize("pausing", [False, True])
def test_a_disk_that_fills_up_ends_it_with_a_sentence(small_disk, pausing):
    run = begin(replace(TINY, epochs=40, limit=400, batch_size=4))  # 100 steps an epoch

    def fill():
        other = small_disk / "other"
        with pytest.raises(OSError), other.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(65536))
        os.truncate(other, other.stat().st_size - 16384)  # room for a few events
        if pausing:
            (run.folder / "commands" / "pause").touch()

    assert carry_out(run, at_step(101, fill)) == "failed"
    assert "disk is full" in str(run.error) and storage.home() == small_disk
    assert run.outcome["best_epoch"] == 1 and run.progress.step > 100
    assert len(kinds(run, "pause")) == pausing and run.status == "failed"
    with np.load(run.folder / "checkpoints" / "epoch-1.npz") as arrays:
        assert len(arrays.files) == 10
    for file in run.folder.rglob("*"):  # nothing half-written is left
        assert not file.name.startswith(".new-")


@pytest.mark.slow
def test_a_disk_that_is_full_when_the_model_is_to_be_written(small_disk, monkeypatch):
    run = begin(TINY)
    load = ending.load_dataset

    def fill_first(*given):  # the last thing before it
        with pytest.raises(OSError), (small_disk / "other").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        return load(*given)

    monkeypatch.setattr(ending, "load_dataset", fill_first)
    assert carry_out(run) == "failed"
    assert "disk is full" in str(run.error)
    assert not list(run.folder.rglob(".new-*"))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_epochs(monkeypatch):
    monkeypatch.setattr(curve, "MEMORY_S", 0.1)  # a quick machine would look a few times only
    run = train(replace(TINY, epochs=200))
    told = [e["memory"] for e in kinds(run, "batch") if "memory" in e]
    third = len(told) // 3
    assert third > 20
    middle, last = np.median(told[third : 2 * third]), np.median(told[2 * third :])
    assert last - middle < 10e6
    assert len([c for c in run.checkpoints if c.epoch]) <= 43
