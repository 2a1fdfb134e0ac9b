"""Watching a training: waiting, at work, at rest, ended; its moments, and its film."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from cnnviz import storage
from cnnviz.runs import locks, queue
from cnnviz.runs.insights import BINS, Histogram, Insight, LayerInsight
from cnnviz.runs.run import (
    COMMANDS,
    LEARNING_RATE,
    PAUSE,
    STOP,
    Run,
    create_run,
    delete_run,
    list_runs,
)
from cnnviz.training import launch, slots
from cnnviz.training.config import TrainingConfig

PER_EPOCH, EPOCHS = 20, 3
NAMES = [str(i) for i in range(10)]


@pytest.fixture(autouse=True)
def nobody_else_works(monkeypatch):
    """A spare worker, also one that an earlier file left, would take the runs that wait here."""
    monkeypatch.setattr(launch, "keep_spare", lambda *_: None)
    launch.dismiss_spare()
    until = time.monotonic() + 60
    while slots.occupied() and time.monotonic() < until:
        time.sleep(0.1)
    assert not slots.occupied()


def histogram(width: float) -> Histogram:
    counts = np.exp(-(np.linspace(-2, 2, BINS) ** 2)) * 1000
    return Histogram(-width, width, tuple(int(c) for c in counts), 0.0, width / 3)


def diary(until: int, **extra) -> list[dict]:
    """The events of a training of three epochs, up to a step."""
    found = [
        {"kind": "start", "steps_per_epoch": PER_EPOCH, "epochs": EPOCHS, "device": "CPU"}
        | {"images": 1280, "val_images": 100, "class_names": NAMES}
        | {"sample_indices": list(range(9)), "sample_labels": [0] * 9},
    ]
    for step in range(until + 1):
        if step:
            rate = extra.get("rates", {}).get(step, 0.001)
            found.append(
                {"kind": "batch", "step": step, "epoch": -(-step // PER_EPOCH)}
                | {"loss": 2.3 - step / 50, "accuracy": step / 100, "images_per_second": 900.0}
                | {"learning_rate": rate, "seconds_left": 9.0, "memory": 700_000_000}
            )
        if step % PER_EPOCH == 0:
            right = [0.05] * 9 + [0.55]
            shares = [right[::-1] if k < step // 10 else right for k in range(9)]
            found.append(
                {"kind": "samples", "step": step, "labels": [0] * 9, "probabilities": shares}
            )
            found.append({"kind": "validation", "step": step, "loss": 2.0, "accuracy": step / 90})
            label = f"epoch-{step // PER_EPOCH}" if step else "step-0"
            found.append({"kind": "insight", "label": label, "step": step})
            if step:
                found.append(
                    {"kind": "epoch", "epoch": step // PER_EPOCH, "step": step}
                    | {"val_accuracy": step / 90, "val_loss": 2.0, "seconds": 5.0, "loss": 2.0}
                    | {"accuracy": 0.5, "learning_rate": 0.001}
                )
    return [{**event, "time": 100.0 + i} for i, event in enumerate(found)]


def make(until: int = PER_EPOCH * EPOCHS, owner: str = storage.LOCAL_OWNER, **extra):
    """A run folder as a worker would have left it after ``until`` steps, and its lock."""
    config = TrainingConfig("mnist", "lenet5", epochs=EPOCHS, title="mine").check()
    run, lock = create_run(config.to_json(), owner)
    events = [*diary(until, **extra), *extra.get("marks", [])]
    (run.folder / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    for event in events:
        if event["kind"] == "insight":
            step = event["step"]
            layer = LayerInsight(
                "conv_1", "Conv2D", histogram(0.1 + step), histogram(1.0), 8, 0.5, step // 20
            )
            diagonal = tuple(tuple(int(i == j) * step for j in range(10)) for i in range(10))
            Insight(
                event["label"], step, step // 20 or None, (layer,), diagonal if step else None
            ).save(run.folder)
    return run, lock


@pytest.fixture(scope="module", autouse=True)
def nothing_left():
    """All page tests share one home."""
    yield
    for run in list_runs():
        delete_run(run.id, run.owner)


@pytest.fixture
def at_work():
    run, lock = make(30, rates=dict.fromkeys(range(1, 16), 0.01))
    yield run
    locks.let_go(lock)


@pytest.fixture
def ended():
    run, lock = make()
    run.end("finished")
    locks.let_go(lock)
    return run


def keys(at) -> set[str]:
    return {button.key for button in at.button}


def slider(at):
    """That of the moments; each new moment is a new one."""
    return next((s for s in at.select_slider if s.key.startswith("moment-")), None)


def watched(at) -> dict | None:
    """What the browser is given to watch it with, if it is."""
    given = [json.loads(c.proto.json) for c in at.get("bidi_component") if "live" in c.proto.id]
    return given[0] if given else None


def texts(at) -> str:
    return " ".join(m.value for m in [*at.markdown, *at.caption])


def test_its_owner_stops_and_pauses_it(open_page, at_work):
    at = open_page("train", run=at_work.id)
    assert not at.exception and not at.error
    assert {"stop-training", "pause-training"} <= keys(at)
    assert watched(at)["address"] == f"/api/runs/{at_work.id}/live"
    assert watched(at)["shows"] == "all" and watched(at)["drawn"]["page"] == "working"
    assert watched(at)["drawn"]["buttons"] == "1.0e-03"
    at.button(key="pause-training").click().run()
    assert (at_work.folder / COMMANDS / PAUSE).exists()
    assert at.button(key="pause-training").disabled
    assert watched(at)["drawn"]["buttons"] == "pause 1.0e-03"
    at.button(key="stop-training").click().run()
    assert (at_work.folder / COMMANDS / STOP).exists()
    assert at.button(key="stop-training").disabled and not at.error


def test_the_learning_rate_can_be_changed_on_the_way(open_page, at_work):
    at = open_page("train", run=at_work.id)
    asked = at_work.folder / COMMANDS / LEARNING_RATE
    at.button(key="rate-tenth").click().run()
    assert float(asked.read_text()) == pytest.approx(1e-4)
    at.button(key="rate-triple").click().run()
    assert float(asked.read_text()) == pytest.approx(3e-3)
    at.number_input(key=f"rate-typed-{at_work.id}").set_value(0.02).run()
    at.button(key="rate-set").click().run()
    assert float(asked.read_text()) == 0.02
    assert not at.error and not at.exception


def test_others_only_watch(open_page):
    run, lock = make(30, owner="somebody-else")
    try:
        at = open_page("train", run=run.id)
        assert not at.exception and not at.error
        assert not {"stop-training", "pause-training", "rate-set", "rate-tenth"} & keys(at)
        assert watched(at)["shows"] == "all" and watched(at)["drawn"]["buttons"] is None
    finally:
        locks.let_go(lock)


def test_a_teacher_may_do_what_the_owner_may(open_page, monkeypatch):
    run, lock = make(30, owner="somebody-else")
    try:
        monkeypatch.setattr("cnnviz.ui.owner.is_teacher", lambda: True)
        at = open_page("train", run=run.id)
        at.button(key="stop-training").click().run()
        assert (run.folder / COMMANDS / STOP).exists() and not at.error
    finally:
        locks.let_go(lock)


def test_a_paused_one_says_where_it_rests_and_goes_on(open_page, monkeypatch):
    run, lock = make(30)
    run.rest()
    locks.let_go(lock)
    at = open_page("train", run=run.id)
    assert "go-on-training" in keys(at) and "pause-training" not in keys(at)
    assert watched(at)["shows"] == "nothing"  # … until somebody lets it go on
    assert any(m.label == "step of 60" for m in at.metric)
    monkeypatch.setattr(launch, "dispatch", lambda *_, **__: None)
    at.button(key="go-on-training").click().run()
    assert not at.error and not at.exception
    assert run.status == "waiting"
    queue.withdraw(run.id)


def test_what_waits_has_something_to_watch(open_page):
    runs = []
    for _one in range(2):
        config = TrainingConfig("mnist", "lenet5").check()
        run, lock = create_run(config.to_json(), storage.LOCAL_OWNER)
        queue.enqueue(run.id)
        locks.let_go(lock)
        runs.append(run)
    first, second = runs
    try:
        at = open_page("train", run=second.id)
        assert not at.exception and not at.error
        assert watched(at)["shows"] == "lead" and "keeps its place" in texts(at)
        films = at.selectbox(key="choice-film")
        assert films.value == "shipped:mnist_lenet5"  # the same data first
        films.select("shipped:fashion_mnist_vgg").run()
        assert at.query_params["film"] == "shipped:fashion_mnist_vgg" and not at.exception
        at.button(key="stop-training").click().run()
        assert second.status == "stopped" and "choice-film" not in {s.key for s in at.selectbox}
    finally:
        for run in runs:
            delete_run(run.id)


def test_the_slider_goes_back_to_earlier_moments(open_page, ended):
    at = open_page("train", run=ended.id)
    assert "after step 60" in texts(at) and "after epoch 3" in texts(at)
    assert "6 of 9 right" in texts(at)
    at.button(key="moment-before").click().run()
    assert at.query_params["moment"] == "40"
    assert "after step 40" in texts(at) and "after epoch 2" in texts(at)
    slider(at).set_value(0).run()
    assert "untrained: it guesses" in texts(at) and "0 of 9 right" in texts(at)
    assert "after epoch" not in texts(at)
    slider(at).set_value(3).run()
    assert "moment" not in at.query_params  # at the end it follows
    assert not at.exception and not at.error


def test_a_link_to_a_moment_opens_there_and_nonsense_at_the_end(open_page, ended):
    assert "after epoch 1" in texts(open_page("train", run=ended.id, moment="20"))
    at = open_page("train", run=ended.id, moment="-7; x")
    assert "after epoch 3" in texts(at) and not at.exception


def test_inside_its_layers_dead_channels_are_counted(open_page, ended):
    at = open_page("train", run=ended.id, moment="40")
    assert not any("dead" in m.label for m in at.metric)  # folded: nothing is computed
    at.session_state["inside"] = True
    at.run()
    assert not at.exception and not at.error
    shown = {m.label: m.value for m in at.metric}
    assert shown["dead channels, epoch 2"] == "2 / 8"
    assert "50" in texts(at) and "exactly 0" in texts(at)


def test_marks_are_said_below_the_curves(open_page):
    marks = [
        {"kind": "pause", "time": 300.0, "step": 30},
        {"kind": "resume", "time": 400.0, "step": 30, "epoch": 2, "why": "asked"},
        {"kind": "learning_rate", "time": 401.0, "step": 31, "rate": 1e-4, "why": "plateau"},
        {"kind": "phase", "time": 402.0, "step": 40, "epoch": 2, "trainable": 3},
    ]
    run, lock = make(30, marks=marks)
    run.end("stopped")
    locks.let_go(lock)
    said = texts(open_page("train", run=run.id))
    assert "paused at step 30 · ▶ went on at step 30" in said
    assert "learning rate 0.0001 from step 31 on, because" in said
    assert "more layers learn from step 40" in said


def test_a_finished_one_plays_again_instead_of_its_curves(open_page, ended):
    at = open_page("train", run=ended.id)
    at.button(key="replay-training").click().run()
    assert at.query_params["replay"] == "1"
    assert not at.exception and not at.error
    assert slider(at) is None
    at.button(key="replay-training").click().run()
    assert slider(at) is not None and "replay" not in at.query_params


def test_a_run_that_has_learned_nothing_can_be_looked_at(open_page):
    run, lock = create_run(TrainingConfig("mnist", "lenet5").check().to_json(), "local")
    run.end("stopped")
    locks.let_go(lock)
    at = open_page("train", run=run.id)
    assert not at.exception and not at.error
    assert "replay-training" not in keys(at)
    assert Run(run.id).status == "stopped"
