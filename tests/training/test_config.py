import json
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from cnnviz.errors import BadInput
from cnnviz.training.config import APPLIES, BOUNDS, TrainingConfig
from cnnviz.training.setting_names import LABELS, changes


def test_the_defaults_are_complete_and_survive_json():
    config = TrainingConfig().check()
    assert config.parameters == {"width": 10, "activation": "relu", "dropout": 0.0}
    assert config.augmentation == ("flip",)
    assert config.title == "Clothes · Tiny VGG"
    assert TrainingConfig.from_json(json.dumps(config.to_json())) == config
    assert config.check() == config


def test_settings_cannot_be_changed_by_accident():
    with pytest.raises(FrozenInstanceError):
        TrainingConfig().epochs = 5


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": "nothing"},
        {"dataset": "upload:../../etc"},
        {"dataset": "upload:" + "0" * 23},
        {"architecture": "gpt"},
        {"epochs": 0},
        {"epochs": 1001},
        {"epochs": 2.5},
        {"epochs": "3"},
        {"epochs": True},
        {"batch_size": 0},
        {"batch_size": 4097},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
        {"learning_rate": "fast"},
        {"optimizer": "magic"},
        {"augmentation": ("explode",)},
        {"limit": 9},
        {"seed": -1},
        {"schedule": "magic"},
        {"momentum": 1.0},
        {"early_stopping": 0},
        {"early_stopping": 1.5},
        {"class_weights": 1},
        {"complete": "yes"},
        {"gradient_accumulation": 0},
        {"devices": "some"},
        {"devices": "all", "gradient_accumulation": 2},
        {"parameters": [1]},
        {"parameters": {"width": 3}},
        {"parameters": {"depth": 3}},
        {"parameters": {"activation": "sin"}},
    ],
)
def test_what_is_out_of_range_is_a_sentence(changes):
    with pytest.raises(BadInput) as caught:
        replace(TrainingConfig(), **changes).check()
    assert len(str(caught.value)) > 20 and str(caught.value).endswith(".")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"unknown": 1}', "null", '{"augmentation": 3}'])
def test_what_is_not_settings_is_a_sentence(text):
    with pytest.raises(BadInput):
        TrainingConfig.from_json(text)


def test_numbers_as_text_are_read_for_the_network(tmp_path):
    config = TrainingConfig(parameters={"dropout": "0.25", "width": "12"}).check()
    assert config.parameters["dropout"] == 0.25 and config.parameters["width"] == 12
    assert config.title == "Clothes · Tiny VGG · Channels in the first block: 12 · Dropout: 0.25"


def test_a_folder_is_for_the_library_only(tmp_path):
    config = TrainingConfig(dataset=str(tmp_path))
    assert config.check().augmentation == ()
    with pytest.raises(BadInput):
        config.check(folders=False)


def test_the_title_tells_what_is_unusual():
    config = TrainingConfig(dataset="mnist", architecture="lenet5", limit=500).check()
    assert config.title == "Digits · LeNet-5 · Training images: 500"
    assert TrainingConfig(title=" My net ").check().title == "My net"


def test_the_title_says_settings_as_people_do():
    config = TrainingConfig(
        dataset="mnist",
        architecture="lenet5",
        optimizer="sgd",
        learning_rate=0.01,
        schedule="one_cycle",
    )
    wanted = "Digits · LeNet-5 · Optimizer: SGD · Learning rate: 0.01 · Schedule: one-cycle"
    assert config.check().title == wanted
    plain = replace(TrainingConfig(), augmentation=(), class_weights=True).check()
    assert plain.title == "Clothes · Tiny VGG · Augmentation: none · Class weights"


def test_a_long_title_ends_between_two_settings():
    config = TrainingConfig(
        limit=1000, batch_size=128, optimizer="adamw", learning_rate=0.01, seed=5, l2=0.001
    ).check()
    assert len(config.title) <= 80 and config.title.endswith(" · …")
    assert config.title.startswith("Clothes · Tiny VGG · Training images: 1000")
    assert config.check() == config


def test_what_does_not_apply_to_the_optimizer_counts_as_unset():
    adam = TrainingConfig(optimizer="adam", momentum=0.5, weight_decay=0.1).check()
    assert (adam.momentum, adam.weight_decay) == (0.9, 0.004)
    assert TrainingConfig(optimizer="sgd", momentum=0.5).check().momentum == 0.5
    assert TrainingConfig(optimizer="adamw", weight_decay=0.1).check().weight_decay == 0.1


def test_every_setting_with_bounds_may_take_them_and_nothing_beyond():
    for name, (low, high, kind) in BOUNDS.items():
        changes = {"optimizer": APPLIES.get(name, "adam")}
        for value in (low, high):
            checked = replace(TrainingConfig(), **{name: kind(value)}, **changes).check()
            assert getattr(checked, name) == value
        for value in (low - 1, high * 2 + 1):
            with pytest.raises(BadInput):
                replace(TrainingConfig(), **{name: kind(value)}, **changes).check()


def test_changes_name_every_setting_that_is_not_the_usual_one():
    shown = {f.name for f in fields(TrainingConfig)} - {
        "dataset",
        "architecture",
        "epochs",
        "parameters",
        "title",
    }
    assert shown == set(LABELS)
    assert changes(TrainingConfig().check()) == ()
    changed = TrainingConfig(parameters={"dropout": 0.5}, early_stopping=2).check()
    assert changes(changed) == (("Dropout", "0.5"), ("Early stopping", "2"))
