"""A small picture of how the learning rate will change."""

from __future__ import annotations

import streamlit as st

from cnnviz.figures.rate_curve import schedule_svg
from cnnviz.training.config import TrainingConfig
from cnnviz.training.schedules import Plateau, rate_at
from cnnviz.ui.language import _
from cnnviz.ui.pictures import is_dark, show_svg

_POINTS = 120
_DROPS = (0.45, 0.75)  # an example of where a plateau might be met


def schedule_picture(config: TrainingConfig) -> None:
    """The rate over all the steps, and a sentence."""
    rates = [rate_at(config, step, _POINTS) for step in range(_POINTS)]
    story = {
        "constant": _("The same rate from the first step to the last."),
        "cosine": _("Begins at the rate and falls to zero, ever more gently towards the end."),
        "one_cycle": _("Rises to the rate for almost a third of the steps, then falls to zero."),
        "reduce_on_plateau": _(
            "Falls to a third whenever two epochs have brought nothing better; for instance so."
        ),
    }[config.schedule]
    if config.schedule == "reduce_on_plateau":
        factor = Plateau().factor
        rates = [
            rate * factor ** sum(step >= share * _POINTS for share in _DROPS)
            for step, rate in enumerate(rates)
        ]
    show_svg(schedule_svg(rates, dark=is_dark()), alt=story)
    st.caption(story)
