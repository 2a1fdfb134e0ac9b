"""In which settings trainings differ: what a comparison is about."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from cnnviz.errors import CnnvizError
from cnnviz.models.architectures import ARCHITECTURES
from cnnviz.models.references import ModelReference
from cnnviz.runs.run import Run
from cnnviz.texts import N_
from cnnviz.training import setting_names
from cnnviz.training.config import APPLIES, SUITS, TrainingConfig
from cnnviz.ui import run_words
from cnnviz.ui.language import _, language, listed

_USUAL = TrainingConfig()
NOT_HERE = "–"  # a setting that a run's network does not have
_AUGMENTATION_NAMES = {
    "flip": N_("flip"),
    "rotation": N_("rotation"),
    "shift": N_("shift"),
    "zoom": N_("zoom"),
    "shear": N_("shear"),
    "contrast": N_("contrast"),
    "cutout": N_("cutout"),
}
# What None means for a setting.
_NOTHING = {"limit": N_("all"), "early_stopping": N_("off")}
_IDENTIFIERS = ("base",)  # parameters that hold a model reference


def settings_of(run: Run) -> dict[str, str]:
    """All settings in words, by their translated labels, the most important ones first."""
    return _settings(run, language())


@lru_cache(maxsize=1024)
def _settings(run: Run, _language: str) -> dict[str, str]:
    """Worked out once: settings do not change, and the list shows hundreds of runs."""
    config = run.config
    found = {
        _("Data set"): run_words.dataset_of(run),
        _("Network"): run_words.architecture_of(run),
        _("Epochs"): str(config.get("epochs", _USUAL.epochs)),
    }
    architecture = ARCHITECTURES.get(str(config.get("architecture")))
    given = config.get("parameters") or {}
    for parameter in architecture.parameters if architecture else ():
        value = given.get(parameter.name, parameter.default)
        found[_(parameter.title)] = (
            _base(value) if parameter.name in _IDENTIFIERS else words(parameter.name, value)
        )
    for name, label in setting_names.LABELS.items():
        applies = APPLIES.get(name)
        if applies and config.get("optimizer", _USUAL.optimizer) != applies:
            continue
        value = config.get(name, getattr(_USUAL, name))
        if name == "augmentation" and value is None:
            value = SUITS.get(str(config.get("dataset")), ())
        found[_(label)] = words(name, value)
    return found


def differences(runs: Sequence[Run]) -> dict[str, list[str]]:
    """The settings that are not the same in all of ``runs``: label → one value a run."""
    settings = [settings_of(run) for run in runs]
    labels = dict.fromkeys(label for one in settings for label in one)
    rows = {label: [one.get(label, NOT_HERE) for one in settings] for label in labels}
    return {label: values for label, values in rows.items() if len(set(values)) > 1}


def words(name: str, value: object) -> str:
    """The value of a setting, or of one of an architecture."""
    if value is None:
        return _(_NOTHING.get(name, NOT_HERE))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "augmentation":
        return listed(_(_AUGMENTATION_NAMES.get(n, n)) for n in value) or _("none")
    if isinstance(value, int) and name == "limit":
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return setting_names.OPTIMIZER_NAMES.get(text) or _(
        setting_names.SCHEDULE_NAMES.get(text, text)
    )


def _base(reference: object) -> str:
    """The title of the model that a training goes out from."""
    try:
        return _(ModelReference.parse(str(reference)).card.title)
    except CnnvizError:  # deleted
        return _("a model that is gone")
