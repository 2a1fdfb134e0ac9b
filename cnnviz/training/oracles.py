"""KerasTuner's oracles: which values a search tries next, and the state from which it goes on.

How the values are chosen is KerasTuner's own: random search, Hyperband (arXiv 1603.06560), and
Bayesian optimisation with a Gaussian process. Here its state is written as one file, whole or not
at all; KerasTuner itself writes a file a trial, which a killed process leaves half written.
"""

from __future__ import annotations

import json
from pathlib import Path

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from cnnviz.runs.attempts import SEARCHED
from cnnviz.storage import write_whole
from cnnviz.training.config import APPLIES, BOUNDS
from cnnviz.training.search_config import FACTOR, Range, SearchConfig

OBJECTIVE = "val_accuracy"
_WE = "worker"  # one trial at a time: one tuner
_OWN = "tuner/"  # what Hyperband says about a trial besides its values begins so
_COLLISIONS = 1000  # tries to find values that were not tried yet


class _WithoutFiles:
    """KerasTuner's own saving is left out: see :class:`Oracle`."""

    def save(self) -> None:
        pass

    def _save_trial(self, trial: Trial) -> None:
        pass


class _Random(_WithoutFiles, keras_tuner.oracles.RandomSearchOracle):
    pass


class _Hyperband(_WithoutFiles, keras_tuner.oracles.HyperbandOracle):
    pass


class _Bayesian(_WithoutFiles, keras_tuner.oracles.BayesianOptimizationOracle):
    pass


class Oracle:
    """One search's oracle, as it was left, or new.

    Args:
        folder: of the search.
        config: checked settings.
    """

    def __init__(self, folder: Path, config: SearchConfig) -> None:
        self._file = folder / SEARCHED
        self._oracle = _make(config)
        self._oracle.verbose = 0
        self._oracle._max_collisions = _COLLISIONS
        if self._file.exists():
            self._load(json.loads(self._file.read_text(encoding="utf-8")))

    def next(self) -> Trial | None:
        """The trial that was under way, else a new one; None when the search is over."""
        known = len(self._oracle.trials)
        trial = self._oracle.create_trial(_WE)
        if len(self._oracle.trials) > known:  # else whoever dies here would seem to get further
            self._save()
        return trial if trial.status == TrialStatus.RUNNING else None

    def report(self, trial: Trial, accuracies: dict[int, float], problem: str = "") -> None:
        """End a trial: the validation accuracy after each epoch, or why there is none."""
        for epoch, accuracy in accuracies.items():
            self._oracle.update_trial(trial.trial_id, {OBJECTIVE: accuracy}, step=epoch)
        trial.status = TrialStatus.COMPLETED if accuracies else TrialStatus.FAILED
        trial.message = problem or None
        self._oracle.end_trial(trial)
        self._save()

    def got_further(self) -> None:
        """Note that the trial under way has learned something."""
        self._file.touch()

    def _save(self) -> None:
        trials = {name: trial.get_state() for name, trial in self._oracle.trials.items()}
        state = {"oracle": self._oracle.get_state(), "trials": trials}
        write_whole(self._file, json.dumps(state).encode())

    def _load(self, kept: dict) -> None:
        for name, state in kept["trials"].items():
            self._oracle.trials[name] = Trial.from_state(state)
        self._oracle.set_state(kept["oracle"])


def number_of(trial: Trial) -> int:
    """Its place among the trials, from 1."""
    return int(trial.trial_id) + 1


def values_of(trial: Trial, config: SearchConfig) -> dict[str, object]:
    """What a trial tries, by the names of the space."""
    found = {}
    for name, value in trial.hyperparameters.values.items():
        if name in config.space:
            chosen = config.space[name]
            found[name] = _short(value) if isinstance(chosen, Range) else json.loads(value)
    return found


def begun_by(trial: Trial) -> int | None:
    """The number of the trial from whose weights it goes on, if any."""
    past = trial.hyperparameters.values.get(f"{_OWN}trial_id")
    return None if past is None else int(past) + 1


def epochs_of(trial: Trial, config: SearchConfig) -> tuple[int, int]:
    """For how many epochs it learns, and how many of them it has behind it when it begins."""
    told = trial.hyperparameters.values
    whole = int(told.get(f"{_OWN}epochs", config.base.epochs))
    return whole, int(told.get(f"{_OWN}initial_epoch", 0))


def _short(value: float) -> float:
    """No more digits than tell anything."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _make(config: SearchConfig) -> keras_tuner.Oracle:
    common = {
        "objective": keras_tuner.Objective(OBJECTIVE, "max"),
        "hyperparameters": _space(config),
        "seed": config.seed + 1,  # to KerasTuner, 0 is none
        "max_consecutive_failed_trials": config.trials + 1,  # we go on
    }
    if config.tuner == "hyperband":
        return _Hyperband(max_epochs=config.base.epochs, factor=FACTOR, **common)
    if config.tuner == "random":
        return _Random(max_trials=config.trials, **common)
    # Three times the number of settings, which is the usual, would often be all trials.
    first = min(3 * len(config.space), max(3, config.trials // 3))
    return _Bayesian(max_trials=config.trials, num_initial_points=first, **common)


def _space(config: SearchConfig) -> keras_tuner.HyperParameters:
    """The space as KerasTuner has it; values to choose from as JSON, which has all of their types.

    A setting of one optimizer only is tried with that optimizer only.
    """
    found = keras_tuner.HyperParameters()
    for name in sorted(config.space, key=lambda n: n in APPLIES):  # after what they depend on
        given, only = config.space[name], {}
        if name in APPLIES and "optimizer" in config.space:
            only = {"parent_name": "optimizer", "parent_values": [json.dumps(APPLIES[name])]}
        if not isinstance(given, Range):
            found.Choice(name, [json.dumps(value) for value in given], **only)
            continue
        whole = name in BOUNDS and BOUNDS[name][2] is int
        make = found.Int if whole else found.Float
        low, high = (int(given.low), int(given.high)) if whole else (given.low, given.high)
        step = int(given.step) if whole and given.step else given.step
        sampling = "log" if given.log else "linear"
        make(name, low, high, step=step, sampling=sampling, **only)
    return found
