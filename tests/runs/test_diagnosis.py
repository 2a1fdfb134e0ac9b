"""The rules on constructed curves, at their boundaries.

Real diseases: tests/training/test_diseases.py.
"""

import json
import math
from pathlib import Path

import pytest

from cnnviz.runs import remedies
from cnnviz.runs.diagnosis import diagnose, diagnose_run
from cnnviz.runs.events import EventWriter
from cnnviz.runs.findings import GOOD
from cnnviz.runs.insights import Insight, LayerInsight
from cnnviz.runs.learned import HEART_GAP, STALE_EPOCHS
from cnnviz.runs.progress import summarise
from cnnviz.runs.run import create_run
from cnnviz.runs.stuck import MIN_STEPS, ONE_ANSWER, SHOT_UP
from cnnviz.training.config import TrainingConfig

ROOT = Path(__file__).parents[2]
NAMES = [str(n) for n in range(10)]
ENDED = {"status": "finished", "reason": None}
CONFIG = {"dataset": "mnist", "architecture": "lenet5", "optimizer": "adam", "schedule": "constant"}
CONFIG |= {"learning_rate": 1e-3, "epochs": 3, "parameters": {"activation": "relu", "dropout": 0.0}}
GUESS = math.log(10)


def diary(train, val=None, loss=None, val_loss=None, steps=100, batches=None, looks=()):
    """Events of a training: accuracies and losses of its epochs, ``steps`` in each."""
    val = val or train
    loss = loss or [GUESS * (1 - a) for a in train]
    val_loss = val_loss or [GUESS * (1 - a) for a in val]
    events = [{"kind": "start", "steps_per_epoch": steps, "epochs": len(train)}]
    events[0]["class_names"] = NAMES
    for step, shares in looks:
        rows = [{"kind": "samples", "step": step, "labels": [0, 1], "probabilities": shares}]
        events += rows
    batches = batches or {1: GUESS} | {steps * (i + 1): x for i, x in enumerate(loss)}
    for step, value in batches.items():
        event = {"kind": "batch", "step": step, "epoch": 1, "loss": value, "accuracy": 0.5}
        events.append(event)
    for i, row in enumerate(zip(train, val, loss, val_loss, strict=True), start=1):
        names = ("accuracy", "val_accuracy", "loss", "val_loss")
        row = dict(zip(names, row, strict=True))
        end = {"kind": "validation", "step": i * steps, "loss": row["val_loss"]}
        events.append(end | {"accuracy": row["val_accuracy"]})
        events.append({"kind": "epoch", "epoch": i, "step": i * steps, **row})
    return summarise(events)


def codes(progress, config=None, insights=(), outcome=ENDED):
    return [f.code for f in diagnose(CONFIG | (config or {}), progress, insights, outcome)]


def inside(dead=0, channels=16, confusion=None, step=300):
    layers = (LayerInsight("relu_1", "Activation", channels=channels, dead=dead),)
    return Insight("epoch-3", step, 3, layers, confusion)


def answers(first, truth=10, classes=10):
    """A confusion matrix in which ``first`` of the images of every class are called class 0."""
    rows = []
    for c in range(classes):
        row = [0] * classes
        row[0] += first
        row[c] += truth - first
        rows.append(tuple(row))
    return tuple(rows)


def looks(share, step, other=None):
    one, two = [share, 1 - share], [share if other is None else other, 1 - share]
    return step, [one, two]


def test_nothing_is_said_about_nothing():
    assert codes(summarise([])) == [] == codes(summarise([]), outcome=None)


def test_learning_by_heart_is_a_gap():
    wide = diary([0.9, 0.96, 0.97, 0.97], [0.6, 0.6, 0.61, 0.61])
    (found,) = diagnose(CONFIG | {"limit": 300}, wide, outcome=ENDED)
    assert found.code == "overfitting" and found.changes == {"limit": None}
    assert found.values["train"] == pytest.approx(0.9667, abs=1e-3)
    assert found.values["val"] == pytest.approx(0.6067, abs=1e-3)
    assert codes(wide, outcome=None) == ["overfitting"]  # already while it is at work
    narrow = [0.97 - HEART_GAP + 0.01] * 4
    assert "overfitting" not in codes(diary([0.97] * 4, narrow))
    assert "overfitting" not in codes(diary([0.90] * 4, [0.75] * 4))  # not yet known by heart


def test_learning_by_heart_is_also_a_validation_loss_that_rises():
    train, val = [0.6, 0.7, 0.8, 0.85, 0.88, 0.9, 0.92, 0.93], [0.6, 0.7, 0.76] + [0.78] * 5
    rising = [1.0, 0.8, 0.7, 0.72, 0.75, 0.8, 0.82, 0.85]
    found = diagnose(CONFIG, diary(train, val, val_loss=rising), outcome=ENDED)[0]
    assert found.code == "overfitting" and found.values["best_epoch"] == 3
    assert "lowest in epoch" in found.template
    once = [1.0, 0.8, 0.7, 0.7, 0.7, 0.7, 0.7, 0.85]  # one bad epoch is chance
    assert "overfitting" not in codes(diary(train, val, val_loss=once))


@pytest.mark.parametrize(
    ("config", "changes"),
    [
        ({"limit": 500}, {"limit": None}),
        ({}, {"augmentation": ["shift"]}),
        ({"dataset": "cifar10"}, {"augmentation": ["flip", "shift"]}),
        ({"augmentation": ["shift"]}, {"parameters": {"activation": "relu", "dropout": 0.4}}),
        ({"augmentation": ["shift"], "parameters": {}}, {"early_stopping": 3}),
        ({"augmentation": ["shift"], "parameters": {}, "early_stopping": 3}, None),
    ],
)
def test_what_helps_against_learning_by_heart_is_what_is_not_in_use_yet(config, changes):
    (found,) = diagnose(CONFIG | config, diary([0.99] * 4, [0.6] * 4), outcome=ENDED)
    assert found.changes == changes


def test_a_loss_that_shot_up_and_stayed_says_that_the_rate_is_too_high():
    rate = {"learning_rate": 0.3}

    def shot(highest, last):
        batches = {1: GUESS, 10: highest, 30: last, 31: last, 32: last, 33: last, 40: last}
        return diary([0.1, 0.1], loss=[highest, last], steps=20, batches=batches)

    assert codes(shot(SHOT_UP * GUESS, GUESS), rate) == ["rate_too_high"]
    (found,) = diagnose(CONFIG | rate, shot(500.0, GUESS), outcome=None)
    assert found.changes == {"learning_rate": 1e-3} and found.values["highest"] == 500.0
    assert "rate_too_high" not in codes(shot(SHOT_UP * GUESS - 0.1, GUESS), rate)
    assert "rate_too_high" not in codes(shot(500.0, 0.5), rate)  # it came back


def test_the_same_answer_for_every_image_says_that_the_rate_is_too_high():
    rate = {"learning_rate": 0.03}
    batches = {1: GUESS, 45: GUESS}
    moments = [looks(0.5, 0, 0.52), looks(0.8, 10, 0.6), looks(0.9, 45)]
    same = diary([0.1] * 3, loss=[GUESS] * 3, steps=15, batches=batches, looks=moments)
    assert codes(same, rate) == ["rate_too_high"]
    moments[-1] = looks(0.9, 45, 0.88)
    other = diary([0.1] * 3, loss=[GUESS] * 3, steps=15, batches=batches, looks=moments)
    assert "rate_too_high" not in codes(other, rate)
    # untrained networks may be the same for all images; they have not been thrown off
    moments = [looks(0.5, 0), looks(0.5, 10), looks(0.5, 45)]
    still = diary([0.1] * 3, loss=[GUESS] * 3, steps=15, batches=batches, looks=moments)
    assert "rate_too_high" not in codes(still, rate)


def test_a_usual_rate_that_was_too_high_is_divided_by_ten():
    batches = {1: GUESS, 10: 99.0, 30: GUESS, 31: GUESS, 32: GUESS, 33: GUESS, 60: GUESS}
    shot = diary([0.1, 0.1], loss=[9.0, GUESS], steps=30, batches=batches)
    assert diagnose(CONFIG, shot, outcome=ENDED)[0].changes == {"learning_rate": 1e-4}


def test_a_loss_that_stands_still_says_that_the_rate_is_too_low():
    def crawl(fall, steps):
        loss = [GUESS, GUESS * (1 - fall / 2), GUESS * (1 - fall)]
        return diary([0.1] * 3, loss=loss, val_loss=loss, steps=steps)

    small = {"learning_rate": 1e-5}
    (found,) = diagnose(CONFIG | small, crawl(0.005, 20), outcome=ENDED)
    assert found.code == "rate_too_low" and found.changes == {"learning_rate": 1e-3}
    assert codes(crawl(0.005, 20), small, outcome=None) == []  # may be a slow start
    assert codes(crawl(0.005, 40), small, outcome=None) == ["rate_too_low"]
    assert "rate_too_low" not in codes(crawl(0.03, 20), small)
    assert "rate_too_low" not in codes(crawl(0.005, MIN_STEPS // 3 - 1), small)
    assert "rate_too_low" not in codes(crawl(0.005, 20))  # the usual rate: deep nets start slowly
    (found,) = diagnose(CONFIG, crawl(0.005, 200), outcome=ENDED)
    assert found.changes == {"learning_rate": 3e-3}


def test_a_rate_that_was_changed_while_it_learned_is_the_one_that_counts():
    progress = diary([0.1] * 3, loss=[GUESS] * 3, val_loss=[GUESS] * 3, steps=40)
    mark = {"kind": "learning_rate", "step": 2, "rate": 1e-6, "why": "asked"}
    changed = progress.__class__(**{**vars(progress), "marks": (mark,)})
    (found,) = diagnose(CONFIG, changed, outcome=ENDED)
    assert found.code == "rate_too_low" and found.values["rate"] == 1e-6


def test_a_loss_that_is_no_number_is_said_with_step_and_rate():
    reason = {"code": "not_possible", "template": "…", "values": {"step": 7, "rate": 5.0}}
    outcome = {"status": "failed", "reason": reason}
    (found,) = diagnose(CONFIG | {"learning_rate": 5.0}, summarise([]), outcome=outcome)
    assert found.code == "diverged" and found.values == {"step": 7, "rate": 5.0}
    assert found.changes == {"learning_rate": 1e-3}
    outcome["reason"]["values"] = {"name": "x"}
    assert codes(summarise([]), outcome=outcome) == []


@pytest.mark.parametrize(("dead", "channels", "said"), [(10, 16, True), (6, 16, False)])
def test_dead_channels_are_counted(dead, channels, said):
    learned = diary([0.6, 0.8, 0.9])
    found = codes(learned, insights=[inside(dead, channels)])
    assert (found[0] == "dead_relu") == said
    assert codes(learned, insights=[inside(3, 4)]) != ["dead_relu"]  # too few to say


def test_dead_channels_at_a_usual_rate_ask_for_another_activation():
    found = diagnose(CONFIG, diary([0.6, 0.8, 0.9]), [inside(12)], ENDED)[0]
    assert found.changes["parameters"] == {"activation": "gelu", "dropout": 0.0}
    found = diagnose(CONFIG | {"learning_rate": 0.1}, diary([0.6, 0.8, 0.9]), [inside(12)], ENDED)[
        0
    ]
    assert found.changes == {"learning_rate": 1e-3}


def test_the_untrained_network_is_not_looked_at_for_dead_channels():
    untrained = Insight("step-0", 0, None, inside(16).layers)
    assert "dead_relu" not in codes(diary([0.6, 0.8, 0.9]), insights=[untrained])


def test_nearly_all_answers_on_one_class():
    progress = diary([0.1, 0.12, 0.15], loss=[2.3, 2.2, 2.1])
    (found,) = diagnose(CONFIG, progress, [inside(confusion=answers(9))], ENDED)
    assert found.code == "one_answer" and found.values["favourite"] == ("0",)
    assert found.values["share"] == pytest.approx(ONE_ANSWER + 0.01)
    assert codes(progress, insights=[inside(confusion=answers(8))]) != ["one_answer"]


def test_uneven_classes_ask_for_class_weights():
    rows = [[0] * 10 for _ in range(10)]
    for c in range(10):
        rows[c][0] = 1200 if c == 0 else 12  # and every answer is class 0
    uneven = tuple(tuple(row) for row in rows)
    progress = diary([0.8] * 3, loss=[0.9, 0.8, 0.75])
    # 92 % really are of that class: that it names no other is all there is to say
    (found,) = diagnose(CONFIG, progress, [inside(confusion=uneven)], ENDED)
    assert found.code == "unused_classes" and found.changes == {"class_weights": True}
    assert len(found.values["names"]) == 5 and found.values["unused"] == 9
    rows[0][0] = 200
    some = tuple(tuple(row) for row in rows)
    (found,) = diagnose(CONFIG, progress, [inside(confusion=some)], ENDED)[:1]
    assert found.code == "one_answer" and found.changes == {"class_weights": True}


def test_it_learns_too_little_when_it_stays_low_and_level():
    low = diary([0.5] * 9, loss=[2.0, 1.7, *[1.5] * 7], val_loss=[1.5] * 9)
    (found,) = diagnose(CONFIG | {"l2": 0.1}, low, outcome=ENDED)
    assert found.code == "underfitting" and found.changes == {"l2": 0.0}
    assert found.values["before"] == found.values["now"] == 1.5
    wide = CONFIG | {"architecture": "tiny_vgg", "parameters": {"width": 10}}
    assert diagnose(wide, low, outcome=ENDED)[0].changes == {"parameters": {"width": 20}}
    assert diagnose(CONFIG, low, outcome=ENDED)[0].changes["architecture"] == "vgg_bn"
    falling = diary([0.5] * 9, loss=[1.9 - 0.05 * i for i in range(9)])
    assert "underfitting" not in codes(falling)
    assert codes(low, outcome=None) == []  # it may still find its way


def test_a_plateau_is_level_where_most_is_learned():
    level = diary([0.85] * 9, loss=[0.5] * 9, val_loss=[0.5] * 9)
    (found,) = diagnose(CONFIG, level, outcome=ENDED)
    assert found.code == "plateau" and found.changes == {"schedule": "cosine"}
    assert "plateau" not in codes(level, {"schedule": "cosine"})  # level at its end on purpose
    assert codes(level, outcome=None) == []
    long = diary([0.85] * 15, loss=[0.5] * 15, val_loss=[0.5] * 15)
    assert codes(long, outcome=None) == ["plateau"]
    done = diary([0.99] * 8, loss=[0.05] * 8, val_loss=[0.05] * 8)
    assert codes(done) == ["healthy"]  # nothing is left to get better at
    fast = {"learning_rate": 0.02}
    assert codes(diary([0.5] * 9, loss=[1.5] * 9, val_loss=[1.5] * 9), fast) == ["plateau"]


def test_a_plateau_is_also_that_nothing_new_is_learned_about_other_images():
    def stale(epochs):
        n = epochs + 3
        val = [0.7, 0.8, 0.88] + [0.88] * epochs
        val_loss = [0.6, 0.5, 0.4] + [0.41] * epochs
        train = [0.8 + 0.12 * i / n for i in range(n)]
        loss = [0.9 - 0.8 * i / n for i in range(n)]
        return diary(train, val, loss, val_loss)

    (found,) = diagnose(CONFIG, stale(STALE_EPOCHS), outcome=ENDED)
    assert found.code == "plateau" and found.changes == {"early_stopping": 3}
    assert found.values["stale"] == STALE_EPOCHS
    assert codes(stale(STALE_EPOCHS - 1)) == ["healthy"]


def test_too_much_dropout():
    config = {"parameters": {"dropout": 0.7}}
    train = [0.1, 0.2, 0.3, 0.35, 0.4, 0.45, 0.46, 0.47, 0.48]
    val_loss = [2.0, 1.5, 1.2, 1.1, 1.05, 1.02, 1.01, 1.0, 1.0]
    held = diary(train, [0.7] * 9, val_loss=val_loss)
    (found,) = diagnose(CONFIG | config, held, outcome=ENDED)
    assert found.code == "underfitting" and found.changes == {"parameters": {"dropout": 0.1}}
    assert codes(held, {"parameters": {"dropout": 0.2}}) != ["underfitting"]


def test_still_getting_better_and_healthy():
    better = diary([0.7, 0.8, 0.85], [0.7, 0.8, 0.85])
    (found,) = diagnose(CONFIG, better, outcome=ENDED)
    assert found.code == "still_improving" and found.changes == {"epochs": 6}
    assert codes(better, {"schedule": "one_cycle"}) == ["healthy"]
    level = diary([0.85, 0.86, 0.87], [0.85] * 3, val_loss=[0.4, 0.4, 0.4])
    (found,) = diagnose(CONFIG, level, outcome=ENDED)
    assert (found.code, found.severity, found.changes) == ("healthy", GOOD, None)
    assert codes(better, outcome=None) == codes(level, outcome=None) == []
    failed = {"status": "failed", "reason": {"values": {}}}
    assert codes(better, outcome=failed) == []  # a full disk is no praise
    assert codes(diary([0.4] * 3, val_loss=[1.6] * 3)) == []  # not ill, but nothing to praise


def test_a_training_of_a_few_steps_has_only_just_begun():
    short = diary([0.15, 0.2, 0.24], loss=[2.30, 2.29, 2.28], val_loss=[2.29, 2.28, 2.27], steps=4)
    assert codes(short) == ["few_steps"]


@pytest.mark.parametrize("name", ["mnist_lenet5", "fashion_mnist_vgg", "cifar10_resnet"])
def test_the_shipped_models_learned_without_a_disease(name):
    history = json.loads((ROOT / "trained_models" / name / "history.json").read_text())
    events = [
        {"kind": "start", "class_names": NAMES, "steps_per_epoch": history["epochs"][0]["step"]}
    ]
    # its steps are means since the start of the epoch; here they only have to look like a curve
    events += [{"kind": "batch", "epoch": 1} | step for step in history["steps"]]
    every = []
    for epoch in history["epochs"]:
        look = {"loss": epoch["val_loss"], "accuracy": epoch["val_accuracy"]}
        events.append({"kind": "validation", "step": epoch["step"], **look})
        events.append({"kind": "epoch", **epoch})
        every += diagnose(CONFIG, summarise(events))
    assert every == []  # no false alarm on the way
    ended = diagnose(CONFIG, summarise(events), outcome=ENDED)
    assert [f.severity for f in ended] == [GOOD]


def test_every_sentence_has_its_numbers():
    run, _ = create_run(CONFIG, "ann")
    writer = EventWriter(run.folder)
    writer.write("start", steps_per_epoch=100, epochs=3, class_names=NAMES)
    for i, (train, val) in enumerate([(0.9, 0.6), (0.97, 0.6), (0.98, 0.6)], start=1):
        row = {"loss": 0.2, "accuracy": train, "val_loss": 1.0 + i, "val_accuracy": val}
        writer.write("epoch", epoch=i, step=100 * i, **row)
    inside(12).save(run.folder)
    writer.write("insight", label="epoch-3", step=300)
    found = diagnose_run(run)
    assert [f.code for f in found] == ["dead_relu"]
    sentence = found[0].template.format(**found[0].values)
    assert "relu_1" in sentence and "12 of 16" in sentence


CONFIGS = [
    TrainingConfig("mnist", "lenet5", limit=300),
    TrainingConfig("cifar10", "tiny_vgg", parameters={"width": 120}, augmentation=()),
    TrainingConfig("fashion_mnist", "vgg_bn", parameters={"dropout": 0.7}, epochs=800),
    TrainingConfig("fashion_mnist", "cifar_resnet", l2=0.01, optimizer="sgd"),
    TrainingConfig("mnist", "own", early_stopping=3, learning_rate=1e-5),
    TrainingConfig("mnist", "transfer", learning_rate=100.0),
    TrainingConfig("mnist", "transfer", parameters={"unfreeze": 90}),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: c.architecture)
def test_whatever_is_to_be_tried_can_be_started(config):
    settings = config.check().to_json()
    rate = settings["learning_rate"]
    trials = [
        remedies.smaller_rate(settings, rate),
        remedies.larger_rate(settings, rate),
        remedies.other_rate(settings, rate),
        remedies.against_dead_channels(settings, rate),
        remedies.against_learning_by_heart(settings),
        remedies.less_restraint(settings),
        remedies.more_freedom(settings),
        remedies.more_epochs(settings),
        remedies.in_time(settings),
        remedies.falling_rate(),
        remedies.class_weights(),
    ]
    for trial in filter(None, trials):
        changed = TrainingConfig.from_json({**settings, **trial.changes}).check()
        assert changed != config.check()
        assert "{" not in trial.words.format(**trial.values)
