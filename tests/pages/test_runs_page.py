"""Runs: the list, comparisons, what can be done with a run, and the teacher's key."""

from __future__ import annotations

import contextlib
import json
import os

import pytest

from cnnviz import storage
from cnnviz.compute import get_engine
from cnnviz.errors import CnnvizError
from cnnviz.runs import locks, queue
from cnnviz.runs.run import (
    COMMANDS,
    PAUSE,
    PAUSED,
    STOP,
    TEACHER,
    Run,
    create_run,
    delete_run,
    list_runs,
)
from cnnviz.training.config import TrainingConfig
from cnnviz.training.launch import dismiss_spare
from cnnviz.ui.owner import KEY
from cnnviz.ui.teacher import name_of


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A home without workers that would carry out what waits; yields the one that all share."""
    shared = os.environ["CNNVIZ_HOME"]
    get_engine()  # its workers keep the home that they were started with
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    yield shared
    dismiss_spare()


@pytest.fixture
def plant(alone):
    """``plant(status, owner, **settings)`` → a run in that state, without a worker."""
    made, held = [], {}

    def plant_(status: str = "finished", owner: str = storage.LOCAL_OWNER, **settings) -> Run:
        config = TrainingConfig(**{"dataset": "mnist", "architecture": "lenet5"} | settings)
        run, lock = create_run(config.check().to_json(), owner)
        made.append(run)
        events = [
            {"kind": "start", "steps_per_epoch": 10, "epochs": 3, "val_images": 1000},
            {"kind": "batch", "step": 5, "epoch": 1, "loss": 1.2, "accuracy": 0.5},
            {"kind": "validation", "step": 10, "epoch": 1, "loss": 0.9, "accuracy": 0.7},
            {"kind": "epoch", "step": 10, "epoch": 1, "loss": 1.0, "accuracy": 0.6}
            | {"val_loss": 0.9, "val_accuracy": 0.7, "learning_rate": 1e-3, "seconds": 1.0},
        ]
        if status != "waiting":
            lines = [json.dumps({"time": 0, **event}) + "\n" for event in events]
            (run.folder / "events.jsonl").write_text("".join(lines))
        if status == "running":
            held[run.id] = lock
        else:
            locks.let_go(lock)
        if status in ("waiting", "running"):
            queue.enqueue(run.id)
        elif status == "paused":
            (run.folder / PAUSED).touch()
        elif status != "lost":
            figures = {"epoch": 3, "val_accuracy": 0.875, "val_images": 1000, "step": 30}
            text = json.dumps({"status": status, "reason": None, **figures})
            (run.folder / "outcome.json").write_text(text)
        assert run.status == status
        return run

    yield plant_
    for lock in held.values():
        locks.let_go(lock)
    for run in made:
        with contextlib.suppress(CnnvizError):  # the test has deleted it
            delete_run(run.id, TEACHER)


def keys(at) -> set[str]:
    return {button.key for button in at.button}


def column(at, name: str) -> list:
    return list(at.dataframe[0].value[name])


def tables(at) -> str:
    return "".join(element.proto.body for element in at.get("html"))


def test_without_a_run_the_page_leads_to_train(open_page):
    assert list_runs() == []
    at = open_page("runs")
    at.button(key="go-train").click().run()
    assert at.title[0].value == "How does it learn?"


def test_names_say_what_is_unusual(open_page, plant):
    plant("lost", limit=300, parameters={"pooling": "average"})
    at = open_page("runs")
    [title] = column(at, "training")
    assert title.startswith("Digits · LeNet-5 · Pooling: average · Training images: 300")
    assert column(at, "status") == ["broke off"]
    assert "resume-training" in keys(at) and "look-inside" not in keys(at)


def test_the_table_shows_the_settings_that_differ_and_no_others(open_page, plant):
    plant(parameters={"dropout": 0.5}, batch_size=32)
    plant(parameters={"dropout": 0.0}, batch_size=32, augmentation=("shift", "cutout"))
    shown = open_page("runs").dataframe[0].value
    assert list(shown["Dropout"]) == ["0", "0.5"]
    assert list(shown["Augmentation"]) == ["shift, cutout", "none"]
    assert not {"Batch size", "Data set", "Network", "Pooling"} & set(shown.columns)


@pytest.mark.parametrize("status", ["waiting", "running", "paused", "finished", "lost"])
def test_what_can_be_done_fits_the_state(open_page, plant, status):
    run = plant(status)
    at = open_page("runs", runs=run.id)
    assert not at.exception and not at.error
    found = keys(at)
    going_on = {f"resume-{run.id}", "resume-training"} & found
    assert bool(going_on) == (status in ("paused", "lost"))
    assert (f"pause-{run.id}" in found) == (status == "running")
    assert (f"stop-{run.id}" in found) == (status in ("waiting", "running", "paused"))
    assert ("delete-run" in found) == (status != "running")
    words = {"waiting": "waiting", "running": "learning", "paused": "paused"}
    words |= {"finished": "finished", "lost": "broke off"}
    assert column(at, "status") == [words[status]]


def test_a_waiting_run_can_be_stopped_from_here(open_page, plant):
    run = plant("waiting")
    at = open_page("runs", runs=run.id)
    at.button(key=f"stop-{run.id}").click().run()
    assert run.status == "stopped" and not queue.is_queued(run.id)


def test_a_run_at_work_is_asked_to_pause(open_page, plant):
    run = plant("running")
    at = open_page("runs", runs=run.id)
    at.button(key=f"pause-{run.id}").click().run()
    assert (run.folder / COMMANDS / PAUSE).exists()


def test_several_are_compared_by_what_differs(open_page, plant):
    a = plant(parameters={"dropout": 0.5}, title="with <b>dropout")
    b = plant("running", learning_rate=0.1)
    at = open_page("runs", runs=f"{a.id},{b.id}")
    assert not at.exception and not at.error
    assert [h.value for h in at.header] == ["Side by side"]
    text = tables(at)
    assert "with &lt;b&gt;dropout" in text and "<b>dropout" not in text
    assert "Dropout" in text and "Learning rate" in text and "Batch size" not in text
    assert "epoch 1 of 3" in text and "87.5" in text and "70.0" in text
    assert {"only-A", "only-B", "pause-several", "stop-several"} <= keys(at)
    at.button(key="only-B").click().run()
    assert at.query_params["runs"] == b.id


def test_the_curve_of_a_comparison_is_part_of_the_link(open_page, plant):
    link = ",".join(plant(seed=n).id for n in range(2))
    at = open_page("runs", runs=link, measure="loss")
    assert at.session_state["choice-measure"] == "loss"


def test_more_runs_than_can_be_told_apart(open_page, plant):
    link = ",".join(plant(seed=n).id for n in range(10))
    at = open_page("runs", runs=link)
    assert not at.exception and not at.error
    assert "only-H" in keys(at) and any("first 8" in c.value for c in at.caption)


def test_several_are_deleted_after_one_question(open_page, plant):
    a, b, theirs = plant(seed=1), plant(seed=2), plant(owner="somebody-else")
    at = open_page("runs", runs=f"{a.id},{b.id},{theirs.id}")
    assert len(list_runs()) == 3
    at.button(key="delete-run").click().run()
    assert not at.exception and not at.error
    assert [run.id for run in list_runs()] == [theirs.id]
    assert "runs" not in at.query_params


def test_a_run_gets_another_name_and_its_own_back(open_page, plant):
    run = plant()
    at = open_page("runs", runs=run.id)
    at.button(key="rename-run").click().run()
    at.text_input(key=f"title-{run.id}").set_value("*the* best")
    at.button[[b.label for b in at.button].index("Save")].click().run()
    assert at.header[0].value == r"\*the\* best"
    assert Run(run.id).title == "*the* best"
    at.button(key="rename-run").click().run()
    at.text_input(key=f"title-{run.id}").set_value("")
    at.button[[b.label for b in at.button].index("Save")].click().run()
    assert at.header[0].value == "Digits · LeNet\\-5"


def test_somebody_elses_run_can_be_seen_but_not_changed(open_page, plant):
    run = plant("running", owner="somebody-else", title="*hers* <b>")
    at = open_page("runs", runs=run.id)
    assert not at.error and not at.exception
    assert at.header[0].value == r"\*hers\* \<b\>"
    changing = {"rename-run", "delete-run", "stop-training", f"stop-{run.id}", f"pause-{run.id}"}
    assert not changing & keys(at)


def test_nonsense_in_the_address_is_a_sentence(open_page):
    at = open_page("runs", runs="../../x,,y", measure="z", whose="all")
    assert not at.exception and not at.error
    assert sum("There is no training called" in w.value for w in at.warning) == 2


def test_no_key_no_teacher(open_page, plant, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    plant(owner="somebody-else")
    at = open_page("runs", whose="all")
    assert not [i for i in at.text_input if i.key == "teacher-key"]
    assert not at.dataframe and not any("teacher" in c.value for c in at.caption)


def test_a_wrong_key_opens_nothing(open_page, plant, monkeypatch):
    monkeypatch.setenv(KEY, "sesame")
    plant(owner="somebody-else")
    at = open_page("runs", whose="all")
    at.text_input(key="teacher-key").set_value("Sesame")
    at.button[[b.label for b in at.button].index("Come in")].click().run()
    assert any("not the key" in e.value for e in at.error)
    assert not at.dataframe


def test_the_teacher_sees_and_stops_everybody(open_page, plant, monkeypatch):
    monkeypatch.setenv(KEY, "sesame")
    hers, his = plant("running", owner="her"), plant("finished", owner="him")
    at = open_page("runs")
    assert not at.dataframe
    at.text_input(key="teacher-key").set_value("sesame")
    at.button[[b.label for b in at.button].index("Come in")].click().run()
    assert not at.exception and not at.error
    assert column(at, "whose") == [name_of("her"), name_of("him")]
    assert "her" not in {name_of("her"), name_of("him")}

    at.button(key=f"stop-{hers.id}").click().run()
    assert (hers.folder / COMMANDS / STOP).exists()
    at.query_params["runs"] = his.id
    at.run()
    at.button(key="delete-run").click().run()
    assert [run.id for run in list_runs()] == [hers.id]

    at.button(key="teacher-leave").click().run()
    assert not at.dataframe and f"stop-{hers.id}" not in keys(at)


def test_the_keras_code_is_shown_when_somebody_asks(open_page, plant, alone, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", alone)  # where the compute workers look
    run = plant()
    at = open_page("runs", runs=run.id)
    assert not at.code
    at.session_state[f"code-{run.id}"] = True
    at.run()
    assert not at.exception and not at.error
    assert "keras.Model(inputs, outputs" in at.code[0].value
