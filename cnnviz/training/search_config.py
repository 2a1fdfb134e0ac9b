"""What a search for good settings is told: what to try, how to choose, how often.

No TensorFlow and no KerasTuner here: pages and the terminal read it too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace

from cnnviz.errors import BadInput
from cnnviz.models import block_variants
from cnnviz.models.architectures import get_architecture
from cnnviz.training.config import APPLIES, BOUNDS, TrainingConfig, check_number

TUNERS = ("random", "hyperband", "bayesian")
PARAMETERS, BLOCKS = "parameters.", "blocks."  # names of settings of the network begin so
NOT_SEARCHED = ("dataset", "epochs", "parameters", "complete", "seed", "tensorboard", "title")
MOST_TRIALS, MOST_SETTINGS, MOST_VALUES = 200, 12, 50
FACTOR = 3  # of Hyperband: of so many trials one learns on, for so many times as long


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``: all of them or, with a ``step``, some.

    With ``log``, equal factors are equally likely, and a step is a factor.
    """

    low: float
    high: float
    step: float | None = None
    log: bool = False


Values = tuple | Range


@dataclass(frozen=True)
class SearchConfig:
    """The settings of one search.

    ``base`` is what all trials share; each learns for ``base.epochs``, with Hyperband at most.
    ``space`` names what is tried: fields of ``TrainingConfig``, ``parameters.<name>`` of the
    architecture and, of a network built of blocks, ``blocks.filters``, ``blocks.norm``,
    ``blocks.dropout`` and ``blocks.repeats`` (see ``models.block_variants``); for each, the values
    to choose from, or a :class:`Range`. Trials are compared by their best validation accuracy.
    With Hyperband, the number of ``trials`` follows from the epochs.
    """

    base: TrainingConfig = field(default_factory=TrainingConfig)
    space: Mapping[str, Values | Sequence] = field(default_factory=dict)
    tuner: str = "random"
    trials: int = 12
    seed: int = 0

    def check(self, folders: bool = True) -> SearchConfig:
        """The same search with every default filled in.

        Args:
            folders: whether the data set may be a path on this machine.

        Raises:
            BadInput: something is unknown or out of range, or there is nothing to choose from.
        """
        if self.tuner not in TUNERS:
            raise BadInput(
                "There is no way to search called “{name}”. Choose one of: {known}.",
                name=str(self.tuner)[:40],
                known=", ".join(TUNERS),
            )
        check_number("seed", self.seed)
        base = self.base.check(folders)
        if not self.space:
            raise BadInput("Choose at least one setting to try values of.")
        if len(self.space) > MOST_SETTINGS:
            raise BadInput(
                "A search can vary {limit} settings at most, not {count}.",
                limit=MOST_SETTINGS,
                count=len(self.space),
            )
        checked = replace(self, base=base)
        space = {name: checked._values(name, given) for name, given in checked.space.items()}
        checked = replace(checked, space=space)
        return replace(checked, trials=checked._trials())

    @property
    def planned(self) -> tuple[tuple[int, int], ...]:
        """(epochs, epochs that were learned before) of every trial, in the order of Hyperband."""
        if self.tuner == "hyperband":
            return hyperband_plan(self.base.epochs)
        return ((self.base.epochs, 0),) * self.trials

    @property
    def epochs(self) -> int:
        """Of all trials together."""
        return sum(last - first for last, first in self.planned)

    @property
    def combinations(self) -> float:
        """How many different trials there can be; infinite with a range without steps."""
        found = 1.0
        for values in self.space.values():
            found *= _count(values)
        return found

    def settings_of(self, values: Mapping[str, object]) -> TrainingConfig:
        """The settings of a trial, unchecked: what is tried may turn out not to be possible.

        Raises:
            BadInput: the blocks of its network make no sense.
        """
        config, parameters = self.base, dict(self.base.parameters)
        plain, wanted = {}, {}
        for name, value in values.items():
            if name.startswith(PARAMETERS):
                parameters[name.removeprefix(PARAMETERS)] = value
            elif name.startswith(BLOCKS):
                wanted[name.removeprefix(BLOCKS)] = value
            else:
                plain[name] = tuple(value) if name == "augmentation" else value
        if plain.get("architecture", config.architecture) != config.architecture:
            parameters = {}
        if wanted:
            parameters["blocks"] = block_variants.vary(str(parameters["blocks"]), **wanted)
        return replace(config, parameters=parameters, title="", **plain)

    def to_json(self) -> dict:
        """As JSON values, for search.json; the base has a file of its own."""
        space = {
            name: asdict(values) if isinstance(values, Range) else list(values)
            for name, values in self.space.items()
        }
        return {"tuner": self.tuner, "trials": self.trials, "seed": self.seed, "space": space}

    @classmethod
    def from_json(cls, base: dict | str, search: dict | str) -> SearchConfig:
        """Rebuild a search from the two texts that are kept of it; raises BadInput."""
        try:
            data = dict(json.loads(search) if isinstance(search, str) else search)
            data["space"] = {name: _read(given) for name, given in data["space"].items()}
            return cls(TrainingConfig.from_json(base), **data)
        except (TypeError, ValueError, KeyError, AttributeError):
            raise BadInput("These are not the settings of a search.") from None

    def _trials(self) -> int:
        if self.tuner == "hyperband":
            found = len(hyperband_plan(self.base.epochs))
            if found > MOST_TRIALS:
                raise BadInput(
                    "With {epochs} epochs, Hyperband would need {count} trials; {limit} are "
                    "possible. Choose fewer epochs.",
                    epochs=self.base.epochs,
                    count=found,
                    limit=MOST_TRIALS,
                )
            first = sum(before == 0 for _epochs, before in hyperband_plan(self.base.epochs))
            if self.combinations < first:
                raise BadInput(
                    "Hyperband begins with {count} different trials; these values make {possible}. "
                    "Choose more values, or random search.",
                    count=first,
                    possible=int(self.combinations),
                )
            return found
        whole = isinstance(self.trials, int) and not isinstance(self.trials, bool)
        if not whole or not 2 <= self.trials <= MOST_TRIALS:
            raise BadInput(
                "“{setting}” must lie between {minimum} and {maximum}, not {value}.",
                setting="trials",
                minimum=2,
                maximum=MOST_TRIALS,
                value=str(self.trials)[:40],
            )
        return int(min(self.trials, self.combinations))

    def _values(self, name: str, given: Values | Sequence) -> Values:
        """The values of one setting, each of them possible for the base."""
        self._check_name(name)
        if isinstance(given, Range):
            return self._range(name, given)
        values = tuple(tuple(v) if isinstance(v, list) else v for v in given)
        values = tuple(dict.fromkeys(values))
        if not 2 <= len(values) <= MOST_VALUES:
            raise BadInput(
                "“{setting}” needs two values or more to choose from, and at most {limit}.",
                setting=name,
                limit=MOST_VALUES,
            )
        for value in values:
            self._check_value(name, value)
        return values

    def _range(self, name: str, given: Range) -> Range:
        numbers = [given.low, given.high, *([] if given.step is None else [given.step])]
        good = all(isinstance(n, int | float) and math.isfinite(n) for n in numbers)
        good = good and given.low < given.high and not (given.log and given.low <= 0)
        if good and given.step is not None:
            good = given.step > 1 if given.log else given.step > 0
        if not good:
            raise BadInput(
                "“{setting}” needs a range from a lower to a higher number, with log above 0.",
                setting=name,
            )
        for number in (given.low, given.high):
            self._check_value(name, number)
        return given

    def _check_name(self, name: str) -> None:
        optimizers = self.space.get("optimizer", (self.base.optimizer,))
        known = [
            f.name
            for f in fields(TrainingConfig)
            if f.name not in NOT_SEARCHED and APPLIES.get(f.name, optimizers[0]) in optimizers
        ]
        if "architecture" not in self.space:
            parameters = [p.name for p in get_architecture(self.base.architecture).parameters]
            known += [PARAMETERS + p for p in parameters if p not in ("blocks", "base")]
            if self.base.architecture == "own":
                known += [BLOCKS + p for p in block_variants.MORE]
        if name not in known:
            raise BadInput(
                "A search cannot vary “{setting}”. It can vary: {known}.",
                setting=str(name)[:40],
                known=", ".join(known),
            )

    def _check_value(self, name: str, value: object) -> None:
        """Raises BadInput where not even the base could have it."""
        kind = BOUNDS[name][2] if name in BOUNDS else None
        if kind is int and isinstance(value, float) and value == int(value):
            value = int(value)  # the end of a range
        self.settings_of({name: value}).check()


def hyperband_plan(epochs: int, factor: int = FACTOR) -> tuple[tuple[int, int], ...]:
    """(epochs, epochs that were learned before) of every trial of one Hyperband (1603.06560).

    Many trials learn for a short time, the best of them go on for longer; in each bracket fewer
    begin, and for longer. The same numbers as in KerasTuner's ``HyperbandOracle``.
    """
    brackets, left = 0, float(epochs)
    while left >= 1:
        left, brackets = left / factor, brackets + 1
    ends = math.ceil(1 + math.log(epochs, factor))
    found = []
    for bracket in reversed(range(brackets)):
        before = 0
        for rounds in range(bracket + 1):
            learned = math.ceil(epochs / factor ** (bracket - rounds))
            size = math.ceil(ends / (bracket + 1) * factor ** (bracket - rounds))
            found += [(learned, before)] * size
            before = learned
    return tuple(found)


def _count(values: Values | Sequence) -> float:
    if not isinstance(values, Range):
        return len(values)
    if values.step is None:
        return math.inf
    if values.log:
        return 1 + math.floor(math.log(values.high / values.low, values.step) + 1e-9)
    return 1 + math.floor((values.high - values.low) / values.step + 1e-9)


def _read(given: dict | list) -> Values:
    if isinstance(given, dict):
        return Range(**given)
    return tuple(tuple(v) if isinstance(v, list) else v for v in given)
