"""Questions that a training asks before it begins."""

from __future__ import annotations

from cnnviz.compute.context import Context
from cnnviz.errors import BadInput
from cnnviz.texts import N_
from cnnviz.training import rate_finder
from cnnviz.training.config import TrainingConfig
from cnnviz.training.rate_finder import RateSearch

TRYING = N_("The rate grows, step by step")


def find_learning_rate(context: Context, config: dict) -> dict:
    """The loss while the learning rate grows: ``rates``, ``losses`` and ``smoothed``, a number for
    each step, and ``suggested``, a rate or None. Frames are the same so far.

    ``config`` is that of a training, as ``TrainingConfig.to_json()`` gives it.
    """
    if not isinstance(config, dict):
        raise BadInput("These are not the settings of a training.")
    checked = TrainingConfig.from_json(config).check(folders=False)

    def report(fraction: float, search: RateSearch) -> None:
        context.report(fraction, TRYING, _message(search))

    return _message(rate_finder.find_learning_rate(checked, report))


def _message(search: RateSearch) -> dict:
    series = {name: getattr(search, name) for name in ("rates", "losses", "smoothed")}
    short = {name: [float(f"{x:.5g}") for x in values] for name, values in series.items()}
    return short | {"suggested": search.suggested}
