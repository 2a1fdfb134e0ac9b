"""Train and Runs: a tiny real training through the pages' own widgets, watched to its end."""

from __future__ import annotations

import json
import time

import pytest

from cnnviz import storage
from cnnviz.models import store
from cnnviz.runs import locks
from cnnviz.runs.run import create_run, delete_run, list_runs
from cnnviz.training.config import TrainingConfig
from cnnviz.training.launch import dismiss_spare

PATIENCE_S = 300
NOBODY = "0" * 24


@pytest.fixture(scope="module", autouse=True)
def no_spare_left():
    yield
    dismiss_spare()


@pytest.fixture
def foreign():
    """A run at work that belongs to somebody else; its worker is this test."""
    run, lock = create_run(TrainingConfig(title="*hers* <b>").check().to_json(), "somebody-else")
    start = {"kind": "start", "time": 0, "steps_per_epoch": 10, "epochs": 3, "device": "CPU"}
    (run.folder / "events.jsonl").write_text(json.dumps(start) + "\n")
    yield run
    locks.let_go(lock)
    delete_run(run.id, "somebody-else")


def keys(at) -> set[str]:
    return {button.key for button in at.button}


def test_a_training_from_start_to_model(open_page):
    at = open_page("train", part="300", epochs="1")
    assert at.number_input(key="choice-epochs").value == 1
    at.text_input(key="training-title").set_value("my *first* one").run()
    at.button(key="start-training").click().run()
    assert not at.error, at.error[0].value
    [run] = list_runs()
    assert run.config["limit"] == 300 and run.config["epochs"] == 1
    assert run.title == "my *first* one"
    assert at.query_params["run"] == run.id
    assert not {"look-inside", "keep-model"} & keys(at)
    assert "stop-training" in keys(at) or not run.pending

    deadline = time.monotonic() + PATIENCE_S
    while run.pending and time.monotonic() < deadline:
        time.sleep(0.5)
    at.run()
    assert run.status == "finished"
    assert not at.error and not at.exception
    assert "stop-training" not in keys(at)
    assert at.subheader[0].value == r"my \*first\* one"
    assert any("validation images" in m.value for m in at.markdown)

    at.button(key="keep-model").click().run()
    assert "keep-model" not in keys(at)
    made = [e for e in store.list_models(storage.LOCAL_OWNER) if e.reference.startswith("model:")]
    assert [e.card.title for e in made] == ["my *first* one"]

    listed = open_page("runs")
    assert list(listed.dataframe[0].value.iloc[:, 0]) == ["my *first* one"]
    assert list(listed.dataframe[0].value["status"]) == ["finished"]
    opened = open_page("runs", runs=run.id)
    assert opened.header[0].value == r"my \*first\* one"

    opened.button(key="try-again").click().run()
    assert opened.title[0].value == "How does it learn?"
    assert opened.query_params["part"] == "300" and "run" not in opened.query_params

    opened = open_page("runs", runs=run.id)
    opened.button(key="delete-run").click().run()
    assert not opened.error
    assert list_runs() == []
    assert "go-train" in keys(opened)
    assert [e for e in store.list_models() if e.reference == made[0].reference]


def test_a_run_that_is_gone_leaves_the_settings(open_page):
    at = open_page("train", run=NOBODY)
    assert any("no training called" in w.value for w in at.warning)
    assert "start-training" in keys(at)


def test_nonsense_in_the_address_is_a_sentence(open_page):
    at = open_page("train", run="../../x", epochs="many", rate="-1", part="x", net="y")
    assert not at.exception and not at.error
    assert any("There is no training called" in w.value for w in at.warning)


def test_somebody_elses_run_can_be_watched_but_not_changed(open_page, foreign):
    at = open_page("train", run=foreign.id)
    assert not at.error and not at.exception
    titles = [h.value for h in [*at.subheader, *at.header]]
    assert any(r"\*hers\* \<b\>" in title for title in titles)
    assert not {"stop-training", "delete-run", "resume-training"} & keys(at)


def test_settings_reach_the_training(open_page):
    at = open_page("train")
    at.selectbox(key="choice-net").select("lenet5").run()
    at.selectbox(key="choice-data").select("mnist").run()
    at.select_slider(key="choice-batch").set_value("128").run()
    assert at.query_params["net"] == "lenet5"
    assert at.query_params["batch"] == "128"
    assert not at.exception and not at.error
