"""Every setting of a training goes into the URL and comes back as it was."""

from __future__ import annotations

import random
from dataclasses import fields, replace

import pytest

from cnnviz.datasets.bundled import DATASETS
from cnnviz.models.architectures import ARCHITECTURES
from cnnviz.training.augment import AUGMENTATIONS
from cnnviz.training.config import BOUNDS, OPTIMIZERS, SCHEDULES, SWITCHES, TrainingConfig
from cnnviz.ui import training_address as there

NEVER = {"parameters", "title"}  # have no one name in the URL


def back(texts: dict[str, str]) -> TrainingConfig:
    """Settings from an address, as ``cnnviz.ui.address.value`` would read it."""

    def look(name, usual, valid):
        text = texts.get(name, usual)
        return text if text in valid else usual

    return there.read(look, DATASETS, lambda name: 9000)


def some_value(parameter, rng):
    if parameter.choices:
        return rng.choice(parameter.choices)
    if parameter.minimum is None:
        return parameter.default
    if isinstance(parameter.default, int):
        return rng.randint(int(parameter.minimum), int(parameter.maximum))
    return rng.uniform(parameter.minimum, parameter.maximum)


def some_config(rng) -> TrainingConfig:
    architecture = rng.choice(list(ARCHITECTURES.values()))
    numbers = {}
    for name, (low, high, kind) in BOUNDS.items():
        high = min(high, 8999) if name == "limit" else high
        numbers[name] = rng.randint(low, high) if kind is int else rng.uniform(low, high)
    config = TrainingConfig(
        dataset=rng.choice(list(DATASETS)),
        architecture=architecture.name,
        parameters={p.name: some_value(p, rng) for p in architecture.parameters},
        optimizer=rng.choice(OPTIMIZERS),
        schedule=rng.choice(SCHEDULES),
        augmentation=tuple(n for n in AUGMENTATIONS if rng.random() < 0.5),
        **numbers,
        **{name: rng.random() < 0.5 for name in SWITCHES},
    )
    usual = TrainingConfig()
    unset = [f.name for f in fields(config) if f.name not in ("dataset", "architecture", *NEVER)]
    for name in unset:  # about a third stays as it usually is
        if rng.random() < 0.3:
            config = replace(config, **{name: getattr(usual, name)})
    return config.check()


def test_every_setting_has_a_name_of_its_own_in_the_address():
    assert set(there.NAMES) == {f.name for f in fields(TrainingConfig)} - NEVER
    assert len(set(there.every_name())) == len(there.every_name())


def test_settings_come_back_from_the_address_as_they_were():
    rng = random.Random(0)
    for _turn in range(300):
        config = some_config(rng)
        texts = there.write(config)
        assert all(isinstance(text, str) for text in texts.values())
        assert replace(back(texts), title=config.title) == config, texts


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_usual_settings_leave_the_address_alone(architecture, optimizer):
    config = there.usual("cifar10", architecture, optimizer)
    names = set(there.write(config.check()))
    assert names <= {there.DATA, there.NETWORK, there.OPTIMIZER}


def test_an_empty_address_is_what_the_library_takes():
    assert replace(back({}), title="") == replace(TrainingConfig().check(), title="")


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "1e99", "None", "../x", "flip,,x"])
def test_nonsense_in_the_address_is_as_if_nothing_were_there(text):
    texts = dict.fromkeys(there.every_name(), text)
    texts.pop("net-base")  # a name is a reference; whether it leads anywhere is asked elsewhere
    assert back(texts) == back({})
    for architecture in ARCHITECTURES:
        texts[there.NETWORK] = architecture
        assert back(texts) == back({there.NETWORK: architecture})


def test_more_images_than_there_are_is_all_of_them():
    assert back({"part": "9000"}).limit is None
    assert back({"part": "1000"}).limit == 1000


def test_a_rate_that_suits_the_optimizer_is_usual():
    assert back({"optimizer": "sgd"}).learning_rate == 0.01
    assert back({"optimizer": "sgd", "rate": "0.001"}).learning_rate == 0.001
    assert back({"momentum": "0.5"}).momentum == TrainingConfig().momentum  # Adam has none
