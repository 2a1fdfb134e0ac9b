"""What can be tried on the page Train, with values to choose from, and how they stand in the URL.

A setting that is to be tried stands there as ``try-<name>`` with its values, parted by ``~``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.errors import CnnvizError
from cnnviz.models import block_variants
from cnnviz.models.architectures import ARCHITECTURES, get_architecture
from cnnviz.models.parameters import Parameter
from cnnviz.training.config import APPLIES, OPTIMIZERS, SCHEDULES, TrainingConfig
from cnnviz.training.search_config import BLOCKS, PARAMETERS, Range
from cnnviz.ui.training_address import NAMES, plain_text, text_of, value_of

TRY, BETWEEN = "try-", "~"
_RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
_BATCHES = (16, 32, 64, 128, 256)
_NUMBERS: dict[str, tuple[tuple, tuple]] = {  # what is offered, what is ticked at first
    "momentum": ((0.0, 0.5, 0.8, 0.9, 0.95, 0.99), (0.5, 0.9, 0.99)),
    "weight_decay": ((0.0, 0.0004, 0.001, 0.004, 0.01, 0.04), (0.0, 0.004, 0.04)),
    "l2": ((0.0, 1e-5, 1e-4, 3e-4, 1e-3), (0.0, 1e-4, 1e-3)),
    "label_smoothing": ((0.0, 0.05, 0.1, 0.2), (0.0, 0.1)),
}
_DROPOUT = ((0.0, 0.1, 0.2, 0.3, 0.5), (0.0, 0.2, 0.5))
_OF_BLOCKS: dict[str, tuple[tuple, tuple]] = {
    "filters": ((0.5, 1.0, 2.0), (0.5, 1.0, 2.0)),
    "norm": ((False, True), (False, True)),
    "dropout": _DROPOUT,
    "repeats": ((1, 2, 3), (1, 2)),
}
_FAR = ("rotation", "zoom")  # added to what suits the images


@dataclass(frozen=True)
class Offer:
    """A setting that can be tried: its name in the space and in the URL, values, ticked ones."""

    name: str
    url: str
    values: tuple
    first: tuple

    def text(self, value: object) -> str:
        """A value as it stands in the URL."""
        if self.name in NAMES:
            return text_of(self.name, value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return plain_text(value)

    def read(self, text: str) -> tuple:
        """The values that a text of the URL names; what makes no sense is left out."""
        found = []
        for part in text.split(BETWEEN):
            known = next((v for v in self.values if self.text(v) == part), None)
            if known is None and self.name in NAMES:
                try:
                    known = value_of(self.name, part)
                except (CnnvizError, ValueError, KeyError):
                    continue
            if known is not None:
                found.append(known)
        return tuple(dict.fromkeys(found))

    def write(self, values: Sequence) -> str:
        """The text that :meth:`read` reads."""
        return BETWEEN.join(self.text(value) for value in values)


def offers(config: TrainingConfig) -> list[Offer]:
    """What can be tried for these settings, the most telling first."""
    found = [
        _field("learning_rate", _RATES, _around(config.learning_rate, _RATES), config),
        _field("batch_size", _BATCHES, _around(config.batch_size, _BATCHES), config),
        _field("optimizer", OPTIMIZERS, OPTIMIZERS, config),
        _field("schedule", SCHEDULES, ("constant", "cosine"), config),
        *_of_network(config),
        _augmentation(config),
    ]
    found += [
        _field(name, values, first, config)
        for name, (values, first) in _NUMBERS.items()
        if APPLIES.get(name, config.optimizer) == config.optimizer
    ]
    return [*found, _field("weight_averaging", (False, True), (False, True), config)]


def written(space: dict, config: TrainingConfig) -> dict[str, str]:
    """What stands in the URL for the space of a search, as far as the page offers it."""
    found = {}
    for offer in offers(config):
        values = space.get(offer.name)
        if values is not None and not isinstance(values, Range):
            found[offer.url] = offer.write(values)
    return found


def _field(name: str, values: tuple, first: tuple, config: TrainingConfig) -> Offer:
    current = getattr(config, name)
    if current not in values:
        values = tuple(sorted((*values, current)))
    return Offer(name, TRY + NAMES[name], values, first)


def _around(current: float, values: tuple) -> tuple:
    """A value with its neighbours."""
    every = sorted({*values, current})
    place = every.index(current)
    return tuple(every[max(0, place - 1) : place + 2])


def _augmentation(config: TrainingConfig) -> Offer:
    usual = config.usual_augmentation()
    more = tuple(dict.fromkeys((*(usual or ("shift",)), *_FAR)))
    ways = tuple(dict.fromkeys([(), usual, more, tuple(config.augmentation or ())]))
    values = tuple(value_of("augmentation", text_of("augmentation", way)) for way in ways)
    return Offer("augmentation", TRY + NAMES["augmentation"], values, values[:2])


def _of_network(config: TrainingConfig) -> list[Offer]:
    """The network itself, its settings, or the variants of its blocks."""
    if config.architecture == "own":
        return [
            Offer(BLOCKS + name, f"{TRY}blocks-{name}", *_OF_BLOCKS[name])
            for name in block_variants.MORE
        ]
    parameters = get_architecture(config.architecture).parameters
    found = [offer for p in parameters if (offer := _parameter(p, config)) is not None]
    if config.architecture != "transfer":
        ready = tuple(name for name in ARCHITECTURES if name not in ("own", "transfer"))
        first = tuple(dict.fromkeys((config.architecture, *ready)))[:2]
        found.append(Offer("architecture", f"{TRY}net", ready, first))
    return found


def _parameter(parameter: Parameter, config: TrainingConfig) -> Offer | None:
    if parameter.read is not None or parameter.name == "invert":  # the base decides
        return None
    name, url = PARAMETERS + parameter.name, f"{TRY}net-{parameter.name}"
    if parameter.choices:
        return Offer(name, url, parameter.choices, parameter.choices)
    if parameter.name == "dropout":
        return Offer(name, url, *_DROPOUT)
    low, high = int(parameter.minimum), int(parameter.maximum)
    now = int(config.parameters.get(parameter.name, parameter.default))
    if parameter.name == "width":
        values = [n for n in (now // 2, now, now * 2, now * 4) if low <= n <= high]
        return Offer(name, url, tuple(values), tuple(values[:3]))
    values = [n for n in range(now - 2, now + 4) if low <= n <= high]
    return Offer(name, url, tuple(values), tuple(n for n in values if abs(n - now) <= 1))
