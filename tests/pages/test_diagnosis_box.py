"""What ails a training, said beside its curves, and the one click that tries the remedy."""

from __future__ import annotations

import pytest

from cnnviz import storage
from cnnviz.runs import locks
from cnnviz.runs.events import EventWriter
from cnnviz.runs.run import create_run, delete_run
from cnnviz.training import launch
from cnnviz.training.config import TrainingConfig

NAMES = [str(i) for i in range(10)]


@pytest.fixture(autouse=True)
def nobody_else_works(monkeypatch):
    """No worker is to be started for a look at a page."""
    monkeypatch.setattr(launch, "keep_spare", lambda *_: None)


@pytest.fixture
def make():
    """``make([(training, validation), …])`` → an ended run with these accuracies."""
    made = []

    def make_(accuracies, **settings):
        settings = {"dataset": "mnist", "architecture": "lenet5", **settings}
        config = TrainingConfig(**settings).check()
        run, lock = create_run(config.to_json(), storage.LOCAL_OWNER)
        writer = EventWriter(run.folder)
        writer.write("start", steps_per_epoch=100, epochs=len(accuracies), class_names=NAMES)
        for i, (train, val) in enumerate(accuracies, start=1):
            batch = {"step": 100 * i, "epoch": i, "learning_rate": 0.001}
            writer.write("batch", loss=2.3 * (1 - train), accuracy=train, **batch)
            look = {"loss": 2.3 * (1 - val), "accuracy": val}
            writer.write("validation", step=100 * i, epoch=i, images=1000, **look)
            row = {"loss": 2.3 * (1 - train), "accuracy": train}
            row |= {"val_loss": look["loss"], "val_accuracy": val}
            writer.write("epoch", epoch=i, step=100 * i, seconds=1.0, learning_rate=0.001, **row)
        writer.close()
        run.end("finished")
        locks.let_go(lock)
        made.append(run)
        return run

    yield make_
    for run in made:
        delete_run(run.id, storage.LOCAL_OWNER)


def texts(at) -> str:
    return " ".join(m.value for m in at.markdown)


def test_learning_by_heart_is_said_with_its_numbers_and_tried_otherwise(open_page, make):
    run = make([(0.9, 0.61), (0.97, 0.61), (0.98, 0.61)], limit=300, epochs=3)
    at = open_page("train", run=run.id)
    assert not at.exception and not at.error
    said = texts(at)
    assert "It learns by heart" in said and "How to read the two curves" in said
    assert "95\u202f% right, of others only 61\u202f%" in said
    trying = at.button(key=f"try-overfitting-{run.id}")
    assert trying.label == "Again, with all the images"
    trying.click().run()
    assert not at.exception and at.title[0].value == "How does it learn?"
    assert "run" not in at.query_params  # the settings, ready to be started
    assert at.query_params["data"] in ("mnist", ["mnist"])
    assert "part" not in at.query_params


def test_a_new_number_of_epochs_is_taken_over(open_page, make):
    run = make([(0.7, 0.7), (0.8, 0.8), (0.85, 0.85)], limit=1000, epochs=3)
    at = open_page("train", run=run.id)
    at.button(key=f"try-still_improving-{run.id}").click().run()
    assert at.query_params["epochs"] in ("6", ["6"])
    assert at.query_params["part"] in ("1000", ["1000"])


def test_where_nothing_stands_out_it_says_so(open_page, make):
    at = open_page("train", run=make([(0.4, 0.4)] * 3, epochs=3).id)
    assert "Nothing about this training stands out." in texts(at)
    assert not [b for b in at.button if b.key and b.key.startswith("try-") and b.key != "try-again"]
