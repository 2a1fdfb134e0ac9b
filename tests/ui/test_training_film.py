"""Films of trainings: what the browser gets to play."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from cnnviz.errors import NotFound
from cnnviz.models.references import ModelReference
from cnnviz.runs import locks
from cnnviz.runs.insights import Insight
from cnnviz.runs.progress import Curve, Progress
from cnnviz.runs.run import create_run
from cnnviz.training.config import TrainingConfig
from cnnviz.ui import training_film
from cnnviz.ui.training_film import film_of


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))


def unpacked(text: str, kind: str = "<f4") -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), kind)


@pytest.fixture
def run():
    """2,000 steps of 0.05 s with a pause of an hour in between, and two spikes of the loss."""
    made, lock = create_run(TrainingConfig("mnist", "lenet5", epochs=2).check().to_json(), "me")
    locks.let_go(lock)
    events = [
        {"kind": "start", "time": 50.0, "steps_per_epoch": 1000, "epochs": 2}
        | {"class_names": ["a", "b"], "sample_labels": [0, 1], "sample_indices": [4, 5]}
    ]
    for step in range(1, 2001):
        loss = {777: 9.0, 1500: 0.0}.get(step, 1.0)
        late = 3600 if step > 1000 else 0
        events.append(
            {"kind": "batch", "time": 50 + 0.05 * step + late, "step": step, "epoch": 1}
            | {"loss": loss, "accuracy": 0.5, "learning_rate": 0.1, "images_per_second": 640}
        )
        if step % 1000 == 0:
            now = events[-1]["time"]
            shares = [[0.9, 0.1], [0.4, 0.6]]
            events += [
                {"kind": "validation", "time": now, "step": step, "loss": 1.0, "accuracy": 0.75},
                {"kind": "samples", "time": now, "step": step, "probabilities": shares},
                {"kind": "insight", "time": now, "step": step, "label": f"epoch-{step // 1000}"},
                {"kind": "epoch", "time": now, "step": step, "epoch": step // 1000}
                | {"val_accuracy": 0.75, "val_loss": 1.0},
            ]
            mixed = ((step, 1), (2, 70_000))
            Insight(f"epoch-{step // 1000}", step, step // 1000, (), mixed).save(made.folder)
    (made.folder / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    return made


def test_a_film_runs_as_long_as_the_learning_did(run):
    film = film_of(ModelReference.parse(run.reference))
    assert film["steps"] == 2000 and film["epochs"] == 2
    time = unpacked(film["training"]["time"])
    assert (np.diff(time) >= 0).all()
    assert film["seconds"] == pytest.approx(100 + training_film._GAP_S, abs=0.1)  # not an hour
    assert list(unpacked(film["validation"]["step"])) == [1000, 2000]


def test_a_film_keeps_the_spikes_and_stays_small(run):
    film = film_of(ModelReference.parse(run.reference))
    loss, step = (unpacked(film["training"][name]) for name in ("loss", "step"))
    assert loss.max() == 9 and loss.min() == 0 and 777 in step and 1500 in step
    assert step[0] == 1 and step[-1] == 2000
    assert len(json.dumps(film)) < 60_000


def test_a_film_has_samples_and_mix_ups(run):
    film = film_of(ModelReference.parse(run.reference))
    assert film["samples"][0] == {"step": 1000, "answers": [0, 1], "shares": [0.9, 0.6]}
    assert [c["step"] for c in film["confusion"]] == [1000, 2000]
    assert list(unpacked(film["confusion"][1]["cells"], "<u2")) == [2000, 1, 2, 65_535]


@pytest.mark.parametrize("name", training_film.shipped_with_films())
def test_shipped_models_have_films_of_means_between_rows(name):
    film = film_of(ModelReference("shipped", name))
    loss, step = (unpacked(film["training"][k]) for k in ("loss", "step"))
    assert film["seconds"] > 10 and step[-1] <= film["steps"]
    assert np.isfinite(loss).all() and loss.min() >= 0
    accuracy = unpacked(film["training"]["accuracy"])
    assert accuracy.min() >= 0 and accuracy.max() <= 1.02
    assert np.mean(accuracy[-5:]) > np.mean(accuracy[:5]) + 0.2
    json.dumps(film)


def test_means_since_the_start_of_an_epoch_become_means_since_the_row_before():
    rows = [
        {"step": 2, "loss": 4.0, "accuracy": 0.0},
        {"step": 4, "loss": 3.0, "accuracy": 0.5},  # the two steps since: 2.0 and 1.0
        {"step": 6, "loss": 1.5, "accuracy": 0.25},  # a new epoch of 5 steps began at step 6
    ]
    found = training_film._since_the_last(rows, 5)
    assert found == {"step": [2, 4, 6], "loss": [4.0, 2.0, 1.5], "accuracy": [0.0, 1.0, 0.25]}


def test_what_has_no_history_has_no_film(run):
    assert film_of(ModelReference("shipped", "imagenet_efficientnet_lite0")) is None
    (run.folder / "events.jsonl").write_text("")
    assert film_of(ModelReference.parse(run.reference)) is None
    with pytest.raises(NotFound):
        film_of(ModelReference.parse("run:" + "0" * 24))


def test_what_grows_is_small_keeps_its_spikes_and_has_a_rate_only_where_it_changes(run):
    grown = training_film.growing(run.progress)
    assert "rate" not in grown["training"] and len(json.dumps(grown)) < 30_000
    loss = unpacked(grown["training"]["loss"])
    assert loss.max() == 9 and loss.min() == 0
    changed = Progress(
        steps_per_epoch=2, epochs=1, training=Curve((1, 2), (1.0, 0.5), (0, 1)), rates=(0.1, 0.01)
    )
    rates = unpacked(training_film.growing(changed)["training"]["rate"])
    assert rates.tolist() == pytest.approx([0.1, 0.01])
    assert training_film.growing(Progress())["steps"] == 1  # before it has begun
