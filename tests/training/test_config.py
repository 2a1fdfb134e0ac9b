import json
from dataclasses import FrozenInstanceError, replace

import pytest

from cnnviz.errors import BadInput
from cnnviz.training.config import TrainingConfig


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
    assert config.title == "Clothes · Tiny VGG, width 12, dropout 0.25"


def test_a_folder_is_for_the_library_only(tmp_path):
    config = TrainingConfig(dataset=str(tmp_path))
    assert config.check().augmentation == ()
    with pytest.raises(BadInput):
        config.check(folders=False)


def test_the_title_tells_what_is_unusual():
    config = TrainingConfig(dataset="mnist", architecture="lenet5", limit=500).check()
    assert config.title == "Digits · LeNet-5, limit 500"
    assert TrainingConfig(title=" My net ").check().title == "My net"
