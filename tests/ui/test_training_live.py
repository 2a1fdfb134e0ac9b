"""What a browser that watches a training is told, and how it knows that the page has grown old."""

from __future__ import annotations

import json

import pytest

from cnnviz.errors import NotFound
from cnnviz.runs import locks, queue
from cnnviz.runs.run import create_run, delete_run
from cnnviz.training import slots
from cnnviz.training.config import TrainingConfig
from cnnviz.ui import training_live
from cnnviz.ui.language import one_language
from cnnviz.ui.training_live import seen, told


@pytest.fixture(autouse=True)
def in_english(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    monkeypatch.setattr(training_live, "_DIAGNOSIS_EVERY_S", 0.0)
    with one_language("en"):
        yield


def made(config: TrainingConfig | None = None):
    config = config or TrainingConfig("mnist", "lenet5", epochs=3)
    return create_run(config.check().to_json(), "me")


@pytest.fixture
def at_work():
    """A run at work, and what writes its diary."""
    run, lock = made()

    def write(*events: dict) -> None:
        with (run.folder / "events.jsonl").open("a") as diary:
            for event in events:
                diary.write(json.dumps({"time": 100.0, **event}) + "\n")

    start = {"kind": "start", "steps_per_epoch": 1000, "epochs": 3, "device": "CPU"}
    write(start | {"device_name": "a_b <c>", "images": 64_000, "val_images": 1000})
    yield run, write
    locks.let_go(lock)


def batch(step: int, **more: object) -> dict:
    found = {"kind": "batch", "step": step, "epoch": 1, "loss": 2.0, "accuracy": 0.25}
    found |= {"images_per_second": 1234.5, "learning_rate": 0.001, "seconds_left": 200.4}
    return found | {"memory": 780_000_000} | more


def test_what_is_at_work_is_told_in_figures_as_a_person_reads_them(at_work):
    run, write = at_work
    write(batch(1500), {"kind": "validation", "step": 1500, "loss": 1.0, "accuracy": 0.9999})
    found = told(run)
    assert found["lead"] == "Epoch 1 of 3 · 3 min 20 s left" and found["fraction"] == 0.5
    assert dict(found["figures"]) == {
        "validation images right": "99.9\u202f%",  # never 100 % for what is not all
        "epoch": "1 / 3",
        "step of 3,000": "1,500",
        "images per second": "1,234",
        "time left": "3 min 20 s",
        "learning rate": "0.001",
        "memory": "780 MB",
    }
    assert "64,000 training images" in found["notes"]
    assert found["notes"].endswith("CPU a_b <c>")  # text for a text node: nothing is escaped
    with one_language("zh_CN"):
        assert dict(told(run)["figures"])["内存"] == "780 MB"
    json.dumps(found, allow_nan=False)


def test_before_the_first_batch_and_after_a_wish_it_says_what_it_does(at_work):
    run, write = at_work
    assert told(run)["lead"] == "Epoch 1 of 3" and dict(told(run)["figures"])["time left"] == "–"
    write(batch(1))
    run.request_pause("me")
    assert told(run)["lead"].startswith("Pausing")
    run.request_stop("me")
    assert told(run)["lead"].startswith("Stopping")


def test_batches_alone_make_nothing_old(at_work):
    run, write = at_work
    write(batch(1))
    before = seen(run)
    write(*(batch(step) for step in range(2, 40)))
    assert seen(run) == before and told(run)["step"] == 39


def test_a_new_moment_makes_the_part_below_old_and_a_wish_the_buttons(at_work):
    run, write = at_work
    write(batch(1))
    before = seen(run)
    write({"kind": "samples", "step": 10, "labels": [], "probabilities": []})
    after = seen(run)
    assert after.part != before.part and after.buttons == before.buttons
    write({"kind": "insight", "step": 10, "label": "step-10"})
    assert seen(run).part != after.part
    run.request_learning_rate(0.01, "me")
    assert seen(run).buttons == "learning_rate 1.0e-03"
    (run.folder / "commands" / "learning_rate").unlink()
    write(batch(2, learning_rate=0.01))
    assert seen(run).buttons == "1.0e-02"


def test_a_new_diagnosis_makes_the_part_below_old(at_work, monkeypatch):
    run, write = at_work
    write(batch(1))
    before = seen(run).part
    finding = type("Finding", (), {"code": "diverged"})
    monkeypatch.setattr(training_live.diagnosis_box, "findings", lambda _run: [finding] * 5)
    assert seen(run).part == f"{before.strip()} diverged,diverged"


def test_each_state_is_another_page():
    run, lock = made()
    assert seen(run).page == "working"
    queue.enqueue(run.id)
    locks.let_go(lock)
    assert seen(run).page == "waiting"
    run.request_pause("me")
    assert seen(run).page == "resting" and told(run)["lead"] == "Paused"
    run.end("stopped")
    assert seen(run).page == "ended" and told(run)["lead"] == "Stopped early"
    delete_run(run.id, "me")
    with pytest.raises(NotFound):
        seen(run)


def test_what_waits_is_told_its_place(monkeypatch):
    runs = []
    for _one in range(2):
        run, lock = made()
        queue.enqueue(run.id)
        locks.let_go(lock)
        runs.append(run)
    first, second = runs
    assert "place 2.** 1 training is before it" in told(second)["lead"]
    assert "figures" not in told(second)
    assert "There is room" in told(first)["lead"]
    monkeypatch.setenv("CNNVIZ_TRAINING_SLOTS", "1")
    slot = slots.take()
    slot.note("0" * 24)
    assert "It is next" in told(first)["lead"]
    slot.let_go()
