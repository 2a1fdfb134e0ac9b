import argparse
from dataclasses import fields, replace

import pytest

from cnnviz.cli_settings import add_settings, config_from
from cnnviz.errors import BadInput
from cnnviz.training.config import TrainingConfig


def said(*arguments: str) -> TrainingConfig:
    parser = argparse.ArgumentParser()
    add_settings(parser)
    return config_from(parser.parse_args(arguments))


def test_nothing_said_is_the_default():
    assert said() == TrainingConfig()


def test_every_setting_has_an_option():
    config = TrainingConfig(
        dataset="mnist",
        architecture="lenet5",
        epochs=5,
        parameters={"dropout": "0.5"},
        batch_size=32,
        optimizer="adamw",
        learning_rate=0.01,
        schedule="cosine",
        momentum=0.5,
        weight_decay=0.01,
        l2=0.001,
        label_smoothing=0.1,
        early_stopping=2,
        class_weights=True,
        weight_averaging=True,
        gradient_accumulation=2,
        mixed_precision=True,
        augmentation=("shift", "zoom"),
        limit=500,
        complete=True,
        seed=3,
        tensorboard=True,
        devices="all",
        title="mine",
    )
    usual = TrainingConfig()
    assert all(getattr(config, f.name) != getattr(usual, f.name) for f in fields(config))
    arguments = ["--set", "dropout=0.5"]
    for field in fields(config):
        value, option = getattr(config, field.name), f"--{field.name.replace('_', '-')}"
        if field.name == "parameters":
            continue
        if value is True:
            arguments.append(option)
        else:
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            arguments += [option, text]
    assert said(*arguments) == config


def test_augmentation_can_be_none():
    assert said("--augmentation", "none") == replace(TrainingConfig(), augmentation=())
    with pytest.raises(BadInput):
        said("--augmentation", "explode").check()


def test_a_setting_of_the_network_needs_a_value():
    with pytest.raises(BadInput):
        said("--set", "dropout")
