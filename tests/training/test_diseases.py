"""The diagnosis of trainings that really have the disease, and of healthy ones.

Each is trained here, in seconds; where a remedy is a matter of seconds too, it is tried.
"""

import numpy as np
import pytest
from PIL import Image

from cnnviz.datasets.loading import load_dataset
from cnnviz.runs import locks
from cnnviz.runs.diagnosis import diagnose, diagnose_run
from cnnviz.runs.findings import GOOD
from cnnviz.runs.insights import read_insight
from cnnviz.runs.progress import summarise
from cnnviz.runs.run import create_run
from cnnviz.runs.symptoms import measure_signs
from cnnviz.training.config import TrainingConfig
from cnnviz.training.loop import carry_out

_ready = None  # LeNet-5, made once: what differs is what it is told


def trained(meanwhile=None, **settings):
    """A run with these settings, on digits unless they say otherwise.

    ``meanwhile`` is called with the run and each of its events.
    """
    global _ready
    settings = {"dataset": "mnist", "architecture": "lenet5", "limit": 640, **settings}
    run, lock = create_run(TrainingConfig(**settings).check().to_json(), "ann")

    def keep(network):
        global _ready
        _ready = network

    heard = meanwhile and (lambda event: meanwhile(run, event))
    carry_out(run, heard, _ready, on_network=keep)
    locks.let_go(lock)
    return run


def again(run, finding):
    """The same training with what the finding says to try."""
    settings = {**run.config, **finding.changes, "title": ""}
    return trained(**vars(TrainingConfig.from_json(settings)))


def warnings(run):
    """Finding → the step at which it was first said while the training was at work."""
    events, said = run.events(), {}
    for i, event in enumerate(events):
        if event["kind"] == "epoch" or (event["kind"] == "insight" and event["step"]):
            progress = summarise(events[: i + 1])
            insights = [read_insight(run.folder, label) for label in progress.insights]
            for finding in diagnose(run.config, progress, insights):
                said.setdefault(finding.code, event["step"])
    return said


@pytest.fixture(scope="module")
def healthy():
    return trained(limit=2000, epochs=3)


def test_a_healthy_training_gets_no_complaint(healthy):
    found = diagnose_run(healthy)
    assert [f.severity for f in found] == [GOOD] and warnings(healthy) == {}
    assert found[0].code == "still_improving" and found[0].changes == {"epochs": 6}
    signs = measure_signs(healthy.progress, [read_insight(healthy.folder, "epoch-3")])
    assert signs.val > 0.7 and signs.dead_share < 0.4 and signs.answers.share < 0.3


def test_a_healthy_training_of_clothes_gets_no_complaint():
    run = trained(dataset="fashion_mnist", architecture="tiny_vgg", limit=1280, epochs=4)
    assert [f.severity for f in diagnose_run(run)] == [GOOD] and warnings(run) == {}


def test_few_images_and_many_epochs_are_learned_by_heart():
    run = trained(limit=30, epochs=20, batch_size=10, learning_rate=3e-3)
    (found,) = diagnose_run(run)
    assert found.code == "overfitting"
    assert found.values["train"] > 0.95 and found.values["val"] < 0.70
    assert found.changes == {"limit": None}
    assert warnings(run).keys() == {"overfitting"}  # said before the end, and nothing else


def test_a_rate_that_is_too_high_and_the_remedy():
    run = trained(epochs=3, learning_rate=0.3)
    first = diagnose_run(run)[0]
    assert first.code == "rate_too_high" and first.changes == {"learning_rate": 1e-3}
    assert warnings(run)["rate_too_high"] <= 30 and run.outcome["val_accuracy"] < 0.2
    cured = again(run, first)
    assert [f.severity for f in diagnose_run(cured)] == [GOOD]
    assert cured.outcome["val_accuracy"] > run.outcome["val_accuracy"] + 0.2


def test_a_rate_that_is_too_high_without_a_loss_that_shoots_up():
    run = trained(epochs=3, learning_rate=1.0, optimizer="sgd")
    first = diagnose_run(run)[0]
    assert first.code == "rate_too_high" and first.changes == {"learning_rate": 0.01}
    assert first.values["spread"] < 0.001 and first.values["highest"] < 7


def test_a_rate_that_is_too_low():
    run = trained(epochs=4, learning_rate=1e-6)
    (found,) = diagnose_run(run)
    assert found.code == "rate_too_low" and found.changes == {"learning_rate": 1e-3}
    assert found.values["recent"] == pytest.approx(found.values["guess"], abs=0.05)


def test_a_loss_beyond_all_numbers():
    run = trained(epochs=2, learning_rate=1e6, optimizer="sgd")
    assert run.status == "failed"
    (found,) = diagnose_run(run)
    assert found.code == "diverged" and found.changes == {"learning_rate": 0.01}


def test_channels_that_died():
    run = trained(limit=1000, epochs=3, learning_rate=0.02)
    found = diagnose_run(run)[0]
    assert found.code == "dead_relu" and found.changes == {"learning_rate": 1e-3}
    assert found.values["dead"] >= 0.6 * found.values["channels"]
    assert run.outcome["val_accuracy"] > 0.5  # the channels that live go on learning


def test_a_network_that_cannot_do_more():
    # nine values of each image, and a straight line through them
    run = trained(
        architecture="own",
        parameters={"blocks": "pool average 8, batch norm"},
        epochs=14,
        batch_size=16,
        learning_rate=0.01,
        optimizer="sgd",
    )
    (found,) = diagnose_run(run)
    assert found.code == "underfitting" and found.values["train"] < 0.7
    assert found.changes["architecture"] == "vgg_bn"
    assert warnings(run) == {}


def test_a_plateau():
    """Somebody makes the steps so short that nothing happens any more."""

    def slow_down(run, event):
        if event["kind"] == "epoch" and event["epoch"] == 4:
            run.request_learning_rate(1e-7, "ann")

    run = trained(slow_down, limit=1000, epochs=11)
    (found,) = diagnose_run(run)
    assert found.code == "plateau" and found.changes == {"learning_rate": 1e-3}
    assert found.values["before"] == pytest.approx(found.values["now"], rel=0.03)


def test_images_that_are_nearly_all_of_one_class(tmp_path):
    digits = load_dataset("mnist", "train")
    for digit, count in {0: 400, 4: 30, 7: 30, 9: 30}.items():
        folder = tmp_path / f"digit {digit}"
        folder.mkdir()
        for i, image in enumerate(digits.images[digits.labels == digit][:count]):
            Image.fromarray(np.squeeze(image)).save(folder / f"{i}.png")
    run = trained(dataset=str(tmp_path), limit=None, epochs=3, learning_rate=3e-5, batch_size=16)
    (found,) = diagnose_run(run)
    assert found.code == "one_answer" and found.values["favourite"] == ("digit 0",)
    assert found.changes == {"class_weights": True}
