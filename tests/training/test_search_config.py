import json

import pytest

from cnnviz.errors import BadInput
from cnnviz.training.config import TrainingConfig
from cnnviz.training.search_config import Range, SearchConfig, hyperband_plan

BASE = TrainingConfig(dataset="mnist", architecture="tiny_vgg", epochs=3)
RATES = {"learning_rate": (1e-4, 1e-3, 1e-2)}


def test_what_is_left_out_is_filled_in():
    checked = SearchConfig(BASE, {"learning_rate": [0.001, 0.01, 0.001]}, trials=12).check()
    assert checked.space == {"learning_rate": (0.001, 0.01)}
    assert checked.trials == 2  # there are no more different ones
    assert checked.base == BASE.check() and checked.epochs == 6
    assert checked.planned == ((3, 0), (3, 0))


def test_it_survives_its_two_files():
    space = {
        **RATES,
        "batch_size": Range(16, 64, 16),
        "augmentation": ((), ("flip", "shift")),
        "parameters.dropout": Range(0.1, 0.5),
        "early_stopping": (None, 2),
    }
    config = SearchConfig(BASE, space, "bayesian", 9, 4).check()
    texts = json.dumps(config.base.to_json()), json.dumps(config.to_json())
    assert SearchConfig.from_json(*texts) == config
    with pytest.raises(BadInput, match="not the settings of a search"):
        SearchConfig.from_json(texts[0], {"space": 3})


def test_a_trial_is_the_base_with_its_values():
    space = {**RATES, "parameters.width": (8, 16), "augmentation": ((), ("flip",))}
    config = SearchConfig(BASE, space).check()
    values = {"learning_rate": 0.01, "parameters.width": 16, "augmentation": ["flip"]}
    trial = config.settings_of(values).check()
    assert (trial.learning_rate, trial.parameters["width"]) == (0.01, 16)
    assert trial.augmentation == ("flip",) and trial.parameters["activation"] == "relu"
    assert trial.title.startswith("Digits · Tiny VGG · Channels in the first block: 16")


def test_blocks_and_networks_can_be_tried():
    own = TrainingConfig(dataset="mnist", architecture="own", epochs=1)
    config = SearchConfig(own, {"blocks.filters": (0.5, 1, 2), "blocks.norm": (True, False)})
    trial = config.check().settings_of({"blocks.filters": 2, "blocks.norm": True}).check()
    assert trial.parameters["blocks"].startswith("conv 32, batch norm, relu")
    networks = SearchConfig(BASE, {"architecture": ("tiny_vgg", "lenet5")}).check()
    assert networks.settings_of({"architecture": "lenet5"}).check().architecture == "lenet5"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"space": {}}, "at least one setting"),
        ({"space": RATES, "tuner": "grid"}, "no way to search called “grid”"),
        ({"space": RATES, "trials": 1}, "between 2 and 200"),
        ({"space": {"learning_rate": (0.1,)}}, "two values or more"),
        ({"space": {"learning_rate": (0.1, -1.0)}}, "must lie between"),
        ({"space": {"epochs": (1, 2)}}, "cannot vary “epochs”"),
        ({"space": {"momentum": (0.1, 0.9)}}, "cannot vary “momentum”"),
        ({"space": {"parameters.wings": (1, 2)}}, "cannot vary “parameters.wings”"),
        ({"space": {"blocks.norm": (True, False)}}, "cannot vary “blocks.norm”"),
        ({"space": {"learning_rate": Range(0.1, 0.01)}}, "needs a range"),
        ({"space": {"learning_rate": Range(0, 0.01, log=True)}}, "needs a range"),
        ({"space": {"learning_rate": Range(0.1, 1e9)}}, "must lie between"),
        ({"space": {"schedule": ("constant", "wild")}}, "can be constant"),
    ],
)
def test_what_makes_no_sense_is_told(given, sentence):
    with pytest.raises(BadInput, match=sentence):
        SearchConfig(BASE, **given).check()


def test_a_setting_of_one_optimizer_goes_with_it():
    space = {"optimizer": ("adam", "sgd"), "momentum": (0.5, 0.9)}
    assert SearchConfig(BASE, space).check().space["momentum"] == (0.5, 0.9)


def test_hyperband_plans_by_its_epochs():
    config = SearchConfig(BASE, {"learning_rate": Range(1e-4, 0.1)}, "hyperband", 12).check()
    assert hyperband_plan(3) == ((1, 0), (1, 0), (1, 0), (3, 1), (3, 0), (3, 0))
    assert (config.trials, config.epochs) == (6, 11)
    with pytest.raises(BadInput, match="Choose fewer epochs"):
        SearchConfig(TrainingConfig(dataset="mnist", epochs=500), RATES, "hyperband").check()
    with pytest.raises(BadInput, match="5 different trials; these values make 3"):
        SearchConfig(BASE, RATES, "hyperband").check()
