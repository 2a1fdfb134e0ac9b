"""What to try against what ails a training: settings to change, and what to call that."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnnviz.texts import N_

USUAL_RATES = {"adam": 1e-3, "adamw": 1e-3, "sgd": 1e-2}  # what small networks learn well with
_STRONG_DROPOUT, _STRONG_L2 = 0.5, 1e-3
_MOST_WIDTH, _MOST_EPOCHS = 128, 1000
_MIRRORED = ("fashion_mnist", "cifar10")  # their classes look alike in a mirror


@dataclass(frozen=True)
class Trial:
    """``changes`` are fields of a ``TrainingConfig``; ``words`` name them, with ``values``."""

    words: str
    changes: dict
    values: dict = field(default_factory=dict)


def smaller_rate(config: dict, rate: float) -> Trial:
    """The usual rate, or a tenth of one that is not larger than usual."""
    usual = usual_rate(config)
    return _rate(usual if rate > 1.5 * usual else rate / 10)


def other_rate(config: dict, rate: float) -> Trial:
    """For a network that is stuck: the usual rate, if it was not the usual one."""
    return smaller_rate(config, rate) if rate >= usual_rate(config) else larger_rate(config, rate)


def larger_rate(config: dict, rate: float) -> Trial:
    """The usual rate, or three times one that is not smaller than usual."""
    usual = usual_rate(config)
    return _rate(usual if rate < usual / 1.5 else 3 * rate)


def against_learning_by_heart(config: dict) -> Trial | None:
    """What helps most and is not in use yet."""
    parameters, augmentation = config.get("parameters", {}), config.get("augmentation")
    if config.get("limit"):
        return Trial(N_("Again, with all the images"), {"limit": None})
    if not augmentation:
        chosen = ("flip", "shift") if config.get("dataset") in _MIRRORED else ("shift",)
        return Trial(N_("Again, with augmentation"), {"augmentation": list(chosen)})
    if 0 <= parameters.get("dropout", -1) < 0.3:
        return _parameters(N_("Again, with dropout"), config, dropout=0.4)
    return in_time(config)


def in_time(config: dict) -> Trial | None:
    """Early stopping, unless it is on."""
    if config.get("early_stopping"):
        return None
    return Trial(N_("Again, ending when it no longer helps"), {"early_stopping": 3})


def less_restraint(config: dict) -> Trial | None:
    """Less of what holds it back, where that is a lot."""
    if config.get("l2", 0) >= _STRONG_L2:
        return Trial(N_("Again, without the L2 penalty"), {"l2": 0.0})
    if config.get("parameters", {}).get("dropout", 0) >= _STRONG_DROPOUT:
        return _parameters(N_("Again, with less dropout"), config, dropout=0.1)
    return None


def more_freedom(config: dict) -> Trial | None:
    """Less of what holds it back, else more to learn with."""
    parameters = config.get("parameters", {})
    if trial := less_restraint(config):
        return trial
    if "unfreeze" in parameters:
        more = max(2, 2 * parameters["unfreeze"])
        return _parameters(N_("Again, with more layers that learn"), config, unfreeze=more)
    if (width := parameters.get("width", _MOST_WIDTH)) < _MOST_WIDTH:
        wider = min(_MOST_WIDTH, 2 * width)
        return _parameters(N_("Again, with more channels"), config, width=wider)
    if config.get("architecture") in ("lenet5", "own"):
        larger = {"architecture": "vgg_bn", "parameters": {"width": 16}}
        return Trial(N_("Again, with a larger network"), larger)
    return None


def falling_rate() -> Trial:
    return Trial(N_("Again, with a falling learning rate"), {"schedule": "cosine"})


def class_weights() -> Trial:
    return Trial(N_("Again, with class weights"), {"class_weights": True})


def more_epochs(config: dict) -> Trial:
    """Twice as many."""
    epochs = min(_MOST_EPOCHS, 2 * int(config.get("epochs", 1)))
    return Trial(N_("Again, with {epochs} epochs"), {"epochs": epochs}, {"epochs": epochs})


def against_dead_channels(config: dict, rate: float) -> Trial:
    """A smaller rate where it is large, else an activation that cannot die."""
    if rate <= 1.5 * usual_rate(config) and config.get("parameters", {}).get("activation"):
        return _parameters(N_("Again, with GELU instead of ReLU"), config, activation="gelu")
    return smaller_rate(config, rate)


def usual_rate(config: dict) -> float:
    """The learning rate with which its optimizer usually learns well."""
    return USUAL_RATES.get(str(config.get("optimizer")), 1e-3)


def _rate(rate: float) -> Trial:
    rate = max(1e-7, float(f"{rate:.3g}"))
    words = N_("Again, with a learning rate of {rate}")
    return Trial(words, {"learning_rate": rate}, {"rate": f"{rate:g}"})


def _parameters(words: str, config: dict, **changed: str | int | float) -> Trial:
    return Trial(words, {"parameters": {**config.get("parameters", {}), **changed}})
