"""The learning-rate range test: at which rate does a network begin to learn, and when is it lost?

Smith, Cyclical Learning Rates (arXiv 1506.01186, section 3.3): a fresh network takes a step each at
rates that grow, exponentially here, from one at which nothing happens to one at which all is lost.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cnnviz.datasets.loading import load_dataset
from cnnviz.training.batches import Batches
from cnnviz.training.config import TrainingConfig
from cnnviz.training.network import network_for

LOWEST, HIGHEST = 1e-6, 10.0
STEPS, FEWEST_STEPS = (
    300,
    70,
)  # with fewer, deep networks without normalisation get no time to learn
BUDGET_S = 25.0  # a slow network takes fewer, larger strides through the rates
LOST = 4.0  # times the lowest loss so far: the rate has become too high
FELL = 0.02  # share of the first loss by which it has to fall anywhere to say something about rates
_SPREAD = 0.2  # of the smoothing: powers of ten
_FIRST = 3  # steps before the speed is known


@dataclass(frozen=True)
class RateSearch:
    """The loss of each step's batch over its rate, the same smoothed, and the rate to learn with.

    ``suggested`` is the rate at which the smoothed loss falls most steeply over the logarithm of
    the rate, to one digit (more are not to be had from it); None where it falls nowhere.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggested: float | None = None


def find_learning_rate(
    config: TrainingConfig, report: Callable[[float, RateSearch], None] | None = None
) -> RateSearch:
    """Try the rates from 1e-6 to 10 with a network of its own.

    Every batch makes a step of its own and weights are not averaged, whatever the config says.

    Args:
        config: checked settings; the rate, the schedule and the epochs are not looked at.
        report: called after each step with the share that is done (0–1) and the curve so far.

    Raises:
        CnnvizError: the data set or the base of the network is not there.
    """
    config = replace(config, gradient_accumulation=1, weight_averaging=False)
    data = load_dataset(config.dataset, "train", limit=config.limit, complete=config.complete)
    network = network_for(config, data.images.shape[1:], len(data.class_names))
    batches = Batches(
        data.images,
        data.labels,
        config.batch_size,
        config.augmentation,
        config.seed,
        network.class_weights(data.labels),
    )
    rates, losses = [], []
    smoothed = np.empty(0)
    steps, stride = STEPS, math.log(HIGHEST / LOWEST) / (STEPS - 1)
    while len(rates) < steps:
        began = time.monotonic()
        rate = rates[-1] * math.exp(stride) if rates else LOWEST
        network.learning_rate = rate
        loss = float(network.model.train_on_batch(*batches.batch(len(rates)))[0])
        if not math.isfinite(loss):
            break
        rates.append(rate)
        losses.append(loss)
        smoothed = smooth(rates, losses)
        if report:
            report(len(rates) / steps, _search(rates, losses, smoothed))
        if smoothed[-1] > LOST * smoothed.min():
            break
        if len(rates) == _FIRST:
            left = BUDGET_S / max(time.monotonic() - began, 1e-6)
            steps = _FIRST + int(min(STEPS - _FIRST, max(FEWEST_STEPS, left)))
            stride = math.log(HIGHEST / rate) / (steps - _FIRST)
    return _search(rates, losses, smoothed, suggest(rates, smoothed))


def smooth(rates: list[float], losses: list[float]) -> np.ndarray:
    """Means of the losses around each rate, weighted by a Gaussian over the rate's logarithm."""
    places = np.log10(rates)
    weights = np.exp(-(((places[:, None] - places) / _SPREAD) ** 2) / 2)
    return weights @ np.array(losses) / weights.sum(axis=1)


def suggest(rates: list[float], smoothed: np.ndarray) -> float | None:
    """The rate at which the loss falls most steeply on its way down, to one digit."""
    if len(rates) < 3:
        return None
    lowest = int(np.argmin(smoothed))
    if smoothed[lowest] > (1 - FELL) * smoothed[0]:
        return None
    slopes = np.gradient(smoothed, np.log10(rates))[: lowest + 1]
    return float(f"{rates[int(np.argmin(slopes))]:.0e}")


def _search(
    rates: list[float], losses: list[float], smoothed: np.ndarray, suggested: float | None = None
) -> RateSearch:
    return RateSearch(tuple(rates), tuple(losses), tuple(smoothed.tolist()), suggested)
