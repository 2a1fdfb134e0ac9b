"""What the settings of a training are called, and which of them are not the usual ones.

The words are for people (pages, titles of runs); they are translated where they are shown. The
names in code, files and links are the fields of ``TrainingConfig``, as Keras calls them.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from cnnviz.errors import CnnvizError
from cnnviz.models.architectures import get_architecture
from cnnviz.models.references import ModelReference
from cnnviz.texts import N_

if TYPE_CHECKING:
    from cnnviz.training.config import TrainingConfig

LABELS = {
    "limit": N_("Training images"),
    "complete": N_("The full original set"),
    "augmentation": N_("Augmentation"),
    "class_weights": N_("Class weights"),
    "batch_size": N_("Batch size"),
    "gradient_accumulation": N_("Gradient accumulation"),
    "optimizer": N_("Optimizer"),
    "learning_rate": N_("Learning rate"),
    "schedule": N_("Schedule"),
    "momentum": N_("Momentum"),
    "weight_decay": N_("Weight decay"),
    "l2": N_("L2 penalty"),
    "label_smoothing": N_("Label smoothing"),
    "early_stopping": N_("Early stopping"),
    "weight_averaging": N_("Weight averaging"),
    "mixed_precision": N_("Mixed precision"),
    "seed": N_("Seed"),
    "tensorboard": N_("TensorBoard logs"),
    "devices": N_("Graphics cards"),
}
OPTIMIZER_NAMES = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}  # names, not words
SCHEDULE_NAMES = {
    "constant": N_("constant"),
    "cosine": N_("cosine"),
    "one_cycle": N_("one-cycle"),
    "reduce_on_plateau": N_("reduce on plateau"),
}
DEVICE_NAMES = {"one": N_("one"), "all": N_("all")}
_LONGEST = 32  # letters of a value: the blocks of a network of one's own go on and on


def changes(
    config: TrainingConfig, usual: TrainingConfig | None = None
) -> tuple[tuple[str, str], ...]:
    """The settings that are not the usual ones as (label, value), in the order of the settings.

    Both texts are to be translated when shown; the value is empty where the label says it all.
    Data set, network, epochs and title are left out: whoever shows a training says them anyway.

    Args:
        config: a checked one.
        usual: what to compare with; None is what ``TrainingConfig`` has.

    Raises:
        BadInput: there is no such architecture.
    """
    architecture = get_architecture(config.architecture)
    normal = architecture.settings() | (usual.parameters if usual else {})
    found = [
        (parameter.title, _model(value) if parameter.name == "base" else _text(value))
        for parameter in architecture.parameters
        if (value := config.parameters.get(parameter.name, normal[parameter.name]))
        != normal[parameter.name]
    ]
    compared = {f.name: getattr(usual, f.name) if usual else f.default for f in fields(config)}
    compared["augmentation"] = config.usual_augmentation()
    for name, label in LABELS.items():
        value = getattr(config, name)
        if value == compared[name] or (name == "augmentation" and value is None):
            continue
        found.append((label, "" if value is True else _text(value)))
    return tuple(found)


def _model(reference: str) -> str:
    """What a model is called; nothing when it is gone."""
    try:
        return _text(ModelReference.parse(reference).card.title)
    except CnnvizError:
        return ""


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or N_("none")
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    for names in (OPTIMIZER_NAMES, SCHEDULE_NAMES, DEVICE_NAMES):
        text = names.get(text, text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip(" ,") + "…"
