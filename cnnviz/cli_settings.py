"""The settings of a training as options of the terminal, one for each field of TrainingConfig."""

from __future__ import annotations

import argparse
from dataclasses import fields

from cnnviz.errors import BadInput
from cnnviz.training.augment import AUGMENTATIONS
from cnnviz.training.config import BOUNDS, DEVICES, OPTIMIZERS, SCHEDULES, SWITCHES, TrainingConfig
from cnnviz.training.setting_names import LABELS

_NONE = "none"
_HELP = {
    "dataset": "a name, a folder or a zip",
    "architecture": "a recipe for a network, such as tiny_vgg",
    "epochs": "how often every training image is seen",
    "limit": "train on this many images only",
    "early_stopping": "end after so many epochs without a better validation loss",
    "optimizer": " or ".join(OPTIMIZERS),
    "schedule": " or ".join(SCHEDULES),
    "augmentation": f"some of {', '.join(AUGMENTATIONS)}, parted by commas; or {_NONE}",
    "devices": f"{' or '.join(DEVICES)} graphics cards of this machine",
    "title": "what to call it",
}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add an option for each setting; what is not given takes the default of TrainingConfig."""
    for field in fields(TrainingConfig):
        if field.name == "parameters":
            continue
        words = _HELP.get(field.name) or LABELS[field.name]
        options: dict = {"default": field.default, "help": words}
        if field.name in SWITCHES:
            options["action"] = "store_true"
        else:
            options["type"] = BOUNDS[field.name][2] if field.name in BOUNDS else str
            options["metavar"] = "X"
        parser.add_argument(f"--{field.name.replace('_', '-')}", **options)
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="of the architecture"
    )


def config_from(given: argparse.Namespace) -> TrainingConfig:
    """The settings that the options say; unchecked but for ``--set``.

    Raises:
        BadInput: ``--set`` without an equals sign.
    """
    parameters = dict(pair.split("=", 1) for pair in given.set if "=" in pair)
    if len(parameters) != len(given.set):
        raise BadInput("--set takes NAME=VALUE, for instance --set dropout=0.2.")
    values = {f.name: getattr(given, f.name, None) for f in fields(TrainingConfig)}
    if isinstance(names := values["augmentation"], str):
        values["augmentation"] = () if names == _NONE else tuple(names.split(","))
    return TrainingConfig(**{**values, "parameters": parameters})
