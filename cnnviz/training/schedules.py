"""How the learning rate changes in the course of a training; plain numbers, no TensorFlow.

The loop sets the rate before each step, as ``rate_at(…)`` times a factor of its own: the one that a
person or :class:`Plateau` has changed it by.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnviz.training.config import TrainingConfig

WARM_UP = 0.3  # share of a cycle's steps in which the rate rises
_FIRST, _LAST = 1 / 25, 1e-4 / 25  # of the rate: where a cycle begins and ends


def rate_at(config: TrainingConfig, step: int, total_steps: int) -> float:
    """The learning rate of the step that comes after ``step`` finished ones.

    ``cosine`` is that of Loshchilov and Hutter (arXiv 1608.03983) without restarts. ``one_cycle``
    is that of Smith and Topin (arXiv 1708.07120) with the proportions that PyTorch's ``OneCycleLR``
    made usual: from 1/25 of the rate up to it in 30 % of the steps, down to 1/250,000, both along
    half a cosine wave; the momentum stays as it is. ``constant`` and ``reduce_on_plateau`` give the
    rate itself.

    Args:
        config: ``learning_rate`` and ``schedule`` are looked at.
        step: steps done so far: 0 at the start, ``total_steps`` − 1 before the last.
        total_steps: of the whole training.
    """
    if config.schedule == "cosine":
        return config.learning_rate * _between(1.0, 0.0, step / max(1, total_steps))
    if config.schedule == "one_cycle":
        at, top = step / max(1, total_steps - 1), WARM_UP
        if at < top:
            return config.learning_rate * _between(_FIRST, 1.0, at / top)
        return config.learning_rate * _between(1.0, _LAST, (at - top) / (1 - top))
    return config.learning_rate


def _between(start: float, end: float, fraction: float) -> float:
    """From ``start`` to ``end`` along half a cosine wave."""
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, fraction))) / 2


@dataclass
class Plateau:
    """Says when to multiply the rate by ``factor``: the rule of Keras' ``ReduceLROnPlateau``.

    That is after ``patience`` epochs in a row whose validation loss is not at least ``min_delta``
    below the best one so far, and then again after as many more.
    """

    factor: float = 0.3
    patience: int = 2
    min_delta: float = 1e-4
    best: float = math.inf
    wait: int = 0

    def update(self, val_loss: float) -> bool:
        """Take note of an epoch's validation loss; whether the rate is to be reduced now."""
        if val_loss < self.best - self.min_delta:
            self.best, self.wait = val_loss, 0
            return False
        self.wait += 1
        if self.wait < self.patience:
            return False
        self.wait = 0
        return True

    def state(self) -> dict:
        """What :meth:`restore` needs, as JSON values (no best loss yet is None)."""
        state = asdict(self)
        return state | {"best": None} if math.isinf(self.best) else state

    def restore(self, state: dict) -> None:
        """Go on from a :meth:`state`."""
        known = {**state, "best": math.inf if state["best"] is None else state["best"]}
        for name, value in known.items():
            setattr(self, name, value)
