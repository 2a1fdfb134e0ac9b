"""The settings of a training in the URL, there and back, so that a set of settings is a link.

Only what is not the usual value stands in the address, under a short name; whatever in it makes no
sense counts as not there, so that a shown value never lies. A title is free text and stays out.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, replace

from cnnviz.errors import CnnvizError
from cnnviz.models.architectures import ARCHITECTURES, Architecture, get_architecture
from cnnviz.models.parameters import Parameter
from cnnviz.training.augment import AUGMENTATIONS
from cnnviz.training.config import (
    APPLIES,
    BOUNDS,
    DEVICES,
    OPTIMIZERS,
    SCHEDULES,
    SWITCHES,
    TrainingConfig,
    check_number,
)

DATA, NETWORK, OPTIMIZER, EPOCHS = "data", "net", "optimizer", "epochs"
USUAL_RATES = {"adam": 1e-3, "adamw": 1e-3, "sgd": 1e-2}  # as Keras has them
NAMES = {  # field → its name in the URL
    "dataset": DATA,
    "architecture": NETWORK,
    "epochs": EPOCHS,
    "limit": "part",
    "complete": "complete",
    "augmentation": "augment",
    "class_weights": "balance",
    "optimizer": OPTIMIZER,
    "learning_rate": "rate",
    "schedule": "schedule",
    "momentum": "momentum",
    "weight_decay": "decay",
    "batch_size": "batch",
    "gradient_accumulation": "accumulate",
    "l2": "l2",
    "label_smoothing": "smoothing",
    "early_stopping": "patience",
    "weight_averaging": "average",
    "mixed_precision": "mixed",
    "seed": "seed",
    "tensorboard": "tensorboard",
    "devices": "devices",
}
ALL, NONE, YES, NO = "all", "none", "yes", "no"
_ABSENT = {"limit": ALL, "early_stopping": NONE}  # what None is called
_CHOICES = {"schedule": SCHEDULES, "optimizer": OPTIMIZERS, "devices": DEVICES}

Look = Callable[[str, str, Container[str]], str]
"""``look(name, usual, valid)``: a text of the address, ``usual`` where none that is valid is."""


def parameter_name(parameter: str) -> str:
    """The name in the URL of a setting of the architecture."""
    return f"net-{parameter}"


def usual(dataset: str, architecture: str, optimizer: str) -> TrainingConfig:
    """The settings that are taken for this data, network and optimizer when nothing is chosen."""
    config = TrainingConfig(
        dataset,
        architecture,
        parameters=get_architecture(architecture).settings(),
        optimizer=optimizer,
        learning_rate=USUAL_RATES[optimizer],
    )
    return replace(config, augmentation=config.usual_augmentation())


def read(look: Look, datasets: Container[str], whole: Callable[[str], int]) -> TrainingConfig:
    """The settings that the address describes, complete but for the title.

    Args:
        look: reads the address.
        datasets: the names that this person may learn from.
        whole: how many training images a data set has; as many or more of them are all.
    """
    first = TrainingConfig()
    dataset = look(DATA, first.dataset, datasets)
    architecture = look(NETWORK, first.architecture, ARCHITECTURES)
    optimizer = look(OPTIMIZER, first.optimizer, OPTIMIZERS)
    config = usual(dataset, architecture, optimizer)
    found = {
        field: value_of(field, look(name, text_of(field, getattr(config, field)), Readable(field)))
        for field, name in NAMES.items()
        if field not in ("dataset", "architecture", "optimizer")
        and APPLIES.get(field, optimizer) == optimizer
    }
    if found["limit"] and not found["complete"] and found["limit"] >= whole(dataset):
        found["limit"] = None
    return replace(config, parameters=_parameters(look, get_architecture(architecture)), **found)


def _parameters(look: Look, architecture: Architecture) -> dict:
    return {
        p.name: p.check(look(parameter_name(p.name), plain_text(p.default), ReadableParameter(p)))
        for p in architecture.parameters
    }


def write(config: TrainingConfig) -> dict[str, str]:
    """What stands in the address for a checked config: name → text, only what is not usual."""
    first = TrainingConfig()
    normal = usual(config.dataset, config.architecture, config.optimizer)
    chosen = {}
    for field, name in NAMES.items():
        against = first if name in (DATA, NETWORK, OPTIMIZER) else normal
        value = getattr(config, field)
        if value != getattr(against, field):
            chosen[name] = text_of(field, value)
    for name, value in config.parameters.items():
        if value != normal.parameters.get(name):
            chosen[parameter_name(name)] = plain_text(value)
    return chosen


def every_name() -> list[str]:
    """All the names that settings of a training may have in the URL."""
    parameters = {p.name for a in ARCHITECTURES.values() for p in a.parameters}
    return [*NAMES.values(), *sorted(parameter_name(p) for p in parameters)]


def unused_names(config: TrainingConfig) -> set[str]:
    """Names of settings that this optimizer and this network do not have."""
    fields = [field for field in NAMES if APPLIES.get(field, config.optimizer) == config.optimizer]
    parameters = get_architecture(config.architecture).parameters
    used = {NAMES[field] for field in fields} | {parameter_name(p.name) for p in parameters}
    return set(every_name()) - used


def text_of(field: str, value: object) -> str:
    """A value of a field of ``TrainingConfig`` as it stands in the URL."""
    if value is None and field in _ABSENT:
        return _ABSENT[field]
    if field == "augmentation":
        return ",".join(value or ()) or NONE
    if field in SWITCHES:
        return YES if value else NO
    return plain_text(value)


def value_of(field: str, text: str) -> object:
    """The value that a text of the URL stands for.

    Raises:
        ValueError, CnnvizError: it stands for none.
    """
    if field in _ABSENT and text == _ABSENT[field]:
        return None
    if field == "augmentation":
        names = [] if text == NONE else text.split(",")
        if not set(names) <= set(AUGMENTATIONS):
            raise ValueError(text)
        return tuple(name for name in AUGMENTATIONS if name in names)
    if field in SWITCHES:
        return {YES: True, NO: False}[text]
    if field in _CHOICES:
        if text not in _CHOICES[field]:
            raise ValueError(text)
        return text
    value = BOUNDS[field][2](text)
    check_number(field, value)
    return value


def plain_text(value: str | int | float) -> str:
    """A number as short as it can be said without losing anything; a text as it is."""
    if not isinstance(value, float):
        return str(value)
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


@dataclass(frozen=True)
class Readable:
    """The texts that stand for a value of a field."""

    field: str

    def __contains__(self, text: str) -> bool:
        try:
            value_of(self.field, text)
        except (CnnvizError, ValueError, KeyError):
            return False
        return True


@dataclass(frozen=True)
class ReadableParameter:
    """The texts that stand for a value of an architecture's setting."""

    parameter: Parameter

    def __contains__(self, text: str) -> bool:
        try:
            self.parameter.check(text)
        except CnnvizError:
            return False
        return True
