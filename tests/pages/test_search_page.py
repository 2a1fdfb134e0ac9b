"""The fold that starts a search on Train, and the page of one: table, picture, words, ways in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnnviz import storage
from cnnviz.errors import NotPossible
from cnnviz.runs import locks, trials
from cnnviz.runs.run import COMMANDS, PAUSE, Run, create_run, delete_run, list_runs
from cnnviz.runs.trials import Trial
from cnnviz.training import launch
from cnnviz.training.config import TrainingConfig
from cnnviz.training.search_config import SearchConfig
from cnnviz.ui import search_form, search_table

RATES = (0.001, 0.003, 0.01, 0.03)
SHARES = (0.5, 0.9, 0.7, None)  # of validation images; the last one fails
BASE = TrainingConfig("mnist", "lenet5", epochs=2, limit=300)


def make(shares=SHARES, tuner="random", owner=storage.LOCAL_OWNER):
    """A search as its worker would have left it, and its lock."""
    space = {"learning_rate": RATES, "optimizer": ("adam", "sgd")}
    config = SearchConfig(BASE, space, tuner, max(len(shares), 4)).check()
    search, lock = create_run(config.base.to_json(), owner, search=config.to_json())
    found = []
    for number, share in enumerate(shares, 1):
        values = {
            "learning_rate": RATES[(number - 1) % 4],
            "optimizer": ("adam", "sgd")[number % 2],
        }
        run, held = create_run(
            config.settings_of(values).check().to_json(), owner, parent=search.id
        )
        outcome = {"status": "finished", "reason": None, "epoch": 2, "val_accuracy": share}
        if share is None:
            reason = {"code": "not_possible", "template": "The disk is full.", "values": {}}
            outcome = {"status": "failed", "reason": reason}
        (run.folder / "outcome.json").write_text(json.dumps({**outcome, "val_images": 1000}))
        locks.let_go(held)
        found.append(Trial(number, run.id, values, 2))
    trials.write(search.folder, tuple(found))
    events = [
        {"kind": "start", "time": 1.0, "steps_per_epoch": 1, "epochs": 8},
        {"kind": "trial", "time": 2.0, "trial": len(shares), "step": 6},
    ]
    (search.folder / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    return search, lock


def end(search, lock, **outcome):
    text = {"status": "finished", "reason": None, "val_accuracy": 0.9, "val_images": 1000}
    (search.folder / "outcome.json").write_text(json.dumps({**text, **outcome}))
    locks.let_go(lock)


@pytest.fixture(autouse=True)
def no_workers(monkeypatch):
    monkeypatch.setattr(launch, "keep_spare", lambda *_: None)
    monkeypatch.setattr(launch, "dispatch", lambda: 0)
    launch.dismiss_spare()
    yield
    for run in list_runs():
        delete_run(run.id, run.owner)


@pytest.fixture
def at_work():
    search, lock = make()
    yield search
    locks.let_go(lock)


@pytest.fixture
def ended():
    search, lock = make()
    end(search, lock, test_accuracy=0.88, test_images=10000, epoch=6)
    return search


def texts(at) -> str:
    return " ".join(m.value for m in [*at.markdown, *at.caption])


def keys(at) -> set[str]:
    return {button.key for button in at.button}


def test_a_search_is_ticked_and_started(open_page):
    at = open_page("train", data="mnist", net="lenet5", epochs="2")
    assert not at.exception
    assert at.button(key="start-search").disabled
    at.button_group(key="choice-try").set_value(["learning_rate", "parameters.dropout"]).run()
    assert not at.button(key="start-search").disabled and not at.error
    assert at.query_params["try-rate"] == "0.0003~0.001~0.003"
    at.button_group(key="choice-try-rate").set_value(["0.001", "0.01", "0.1"]).run()
    at.select_slider(key="choice-trials").set_value("4").run()
    assert "4 trials, 8 epochs in all" in texts(at)
    at.button(key="start-search").click().run()
    assert not at.exception and not at.error
    (search,) = list_runs()
    assert search.search["space"]["learning_rate"] == [0.001, 0.01, 0.1]
    assert search.search["space"]["parameters.dropout"] == [0.0, 0.2, 0.5]
    assert search.search["trials"] == 4 and search.config["epochs"] == 2
    assert at.query_params["run"] == search.id and search.status == "waiting"


def test_a_link_says_what_is_tried_and_hyperband_counts_itself(open_page):
    link = {"data": "mnist", "epochs": "3", "tuner": "hyperband", "try-batch": "32~64~nonsense"}
    link |= {"try-rate": "0.001~0.01~0.1"}
    at = open_page("train", **link)
    assert not at.exception and not at.error
    assert "6 trials, 11 epochs in all" in texts(at)
    assert at.button_group(key="choice-try-batch").value == ["32", "64"]
    at.button_group(key="choice-try-batch").set_value(["32"]).run()
    assert at.button(key="start-search").disabled
    assert "needs two values or more" in at.error[0].value


def test_blocks_are_part_of_the_space(open_page, monkeypatch):
    heard = []

    def refuse(config, *_arguments, **_more):
        heard.append(config)
        raise NotPossible("The disk is full. Delete old trainings, then start again.")

    monkeypatch.setattr(search_form, "start_search", refuse)
    at = open_page("train", data="mnist", net="own", **{"try-blocks-norm": "no~yes"})
    at.button(key="start-search").click().run()
    assert heard[0].space == {"blocks.norm": (False, True)}
    assert "The disk is full" in at.error[0].value and not at.exception


def test_at_work_it_shows_its_trials(open_page, at_work):
    at = open_page("train", run=at_work.id)
    assert not at.exception and not at.error
    (table,) = at.dataframe
    assert list(table.value["trial"]) == [1, 2, 3, 4]
    assert list(table.value["Learning rate"]) == ["0.001", "0.003", "0.01", "0.03"]
    assert list(table.value["status"]) == ["finished"] * 3 + ["failed"]
    assert "Best so far" in texts(at) and "trial 2" in texts(at)
    assert "Trial 4 failed. The disk is full." in texts(at)
    assert "at least 8 trials" in texts(at)
    assert "Test images" not in texts(at)
    at.button(key=f"pause-{at_work.id}").click().run()
    assert (at_work.folder / COMMANDS / PAUSE).exists() and not at.error


def test_the_end_says_what_the_test_images_say(open_page, ended):
    at = open_page("train", run=ended.id)
    assert not at.exception and not at.error
    assert "**The best:** trial 2" in texts(at) and "88.0" in texts(at)
    assert "honest figure" in texts(at)
    at.button(key="open-best").click().run()
    best = trials.listed(ended.folder)[1].run
    assert at.query_params["run"] == best and not at.exception
    assert "Trial 2 of" in texts(at)
    at.button(key="back-to-search").click().run()
    assert at.query_params["run"] == ended.id


def test_of_equally_right_trials_the_one_with_less_loss_is_the_best():
    search, lock = make(shares=(0.9, 0.9, 0.7))
    for trial, loss in zip(trials.listed(search.folder), (0.5, 0.3, 0.1), strict=True):
        file = Run(trial.run).folder / "outcome.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"val_loss": loss}))
    best = search_table.best_of(search_table.rows_of(search))
    assert best.trial.number == 2
    end(search, lock)


def test_texts_at_an_axis_have_room_on_a_phone():
    """350 pixels, 9 a letter."""
    rates = [0.0001905 * 1.31**i for i in range(12)]
    scale = search_table._Scale(rates, "learning_rate")
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 4 and (ticks[0][0], ticks[-1][0]) == (0, 1)
    assert sum(len(text) + 1 for _place, text in ticks) * 9 <= 360
    words = search_table._Scale(["adam", "sgd", "adamw"], "optimizer")
    assert len(words.ticks()) == 3


def test_searching_again_begins_with_what_it_was(open_page, ended):
    at = open_page("train", run=ended.id)
    at.button(key="search-again").click().run()
    assert not at.exception
    assert at.query_params["try-optimizer"] == "adam~sgd"
    assert at.query_params["trials"] == "4" and at.query_params["net"] == "lenet5"


def test_a_deleted_trial_leaves_its_row(open_page, ended):
    gone = trials.listed(ended.folder)[0].run
    delete_run(gone, storage.LOCAL_OWNER)
    at = open_page("train", run=ended.id)
    assert not at.exception
    assert list(at.dataframe[0].value["status"])[0] == "deleted"


def test_in_the_list_it_is_one_row(open_page, ended):
    at = open_page("runs")
    assert not at.exception and not at.error
    rows = next(d.value for d in at.dataframe if "training" in d.value)
    assert len(rows) == 1 and rows["training"][0].startswith("Search: Digits")
    assert "delete-run" in keys(at) and "open-best" in keys(at)


def test_others_only_watch(open_page):
    search, lock = make(owner="somebody-else")
    try:
        at = open_page("train", run=search.id)
        assert not at.exception and f"pause-{search.id}" not in keys(at)
    finally:
        locks.let_go(lock)


def test_a_sentence_about_what_matters_only_where_there_is_one(open_page):
    search, lock = make(tuple(0.9 if n % 4 == 1 else 0.4 + n / 100 for n in range(16)))
    end(search, lock)
    at = open_page("train", run=search.id)
    assert "What seems to matter" in texts(at) and r"with 0\.003" in texts(at)
    assert Run(search.id).search["tuner"] == "random" and Path(search.folder).exists()
