"""“Find a good rate”: the loss while the learning rate grows, and the rate that follows from it."""

from __future__ import annotations

import json
from dataclasses import replace

import streamlit as st

from cnnviz.errors import Cancelled, CnnvizError
from cnnviz.figures.rate_curve import rate_curve
from cnnviz.training.config import TrainingConfig
from cnnviz.ui import frame, training_address
from cnnviz.ui.language import _
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.questions import ask
from cnnviz.ui.training_fields import put

_ASKED = "_rate-finder"  # in this session's state: the settings that a rate was asked for
_REFRESH_S = 0.5


@st.fragment
def draw(config: TrainingConfig) -> None:
    """The button; once pressed, the curve, the suggestion and one click that takes it.

    Drawn last on a page: until the answer is there, this call waits (nobody else does).
    """
    settings = _settings(config)
    wanted = json.dumps(settings, sort_keys=True)
    if st.session_state.get(_ASKED) != wanted:
        st.button(
            _("Find a good rate"),
            key="find-rate",
            icon=":material/query_stats:",
            help=_(
                "Trains a copy for a few hundred steps while the rate grows from tiny to huge, "
                "and looks where the loss falls fastest. It takes some seconds."
            ),
            on_click=st.session_state.__setitem__,
            args=(_ASKED, wanted),
        )
        return
    place = st.empty()

    def on_frame(partial: dict) -> None:
        if len(partial.get("rates", ())):
            _curve(place, partial, None)

    try:
        answer = ask(
            "find_learning_rate",
            config=settings,
            waiting=_("The rate grows, step by step"),
            on_frame=on_frame,
        )
    except Cancelled:
        return
    except CnnvizError as error:
        st.session_state.pop(_ASKED, None)
        frame.show_error(error)
        return
    _answer(place, answer, config)


def _settings(config: TrainingConfig) -> dict:
    """What the answer depends on: neither the rate itself nor how long it learns."""
    usual = TrainingConfig()
    same = {
        name: getattr(usual, name)
        for name in ("epochs", "learning_rate", "schedule", "early_stopping", "tensorboard")
    }
    return replace(config, **same, title="").check(folders=False).to_json()


def _answer(place: st.delta_generator.DeltaGenerator, answer: dict, config: TrainingConfig) -> None:
    suggested = answer.get("suggested")
    _curve(place, answer, suggested)
    if suggested is None:
        st.markdown(_("The loss fell at no rate: change something else first."))
        return
    text = f"{suggested:.1g}"
    st.markdown(
        _(
            "Left of the mark the steps are so small that little happens; far to the right they "
            "are so large that the loss explodes. At **{rate}** it falls fastest."
        ).format(rate=text)
    )
    usual = training_address.USUAL_RATES[config.optimizer]
    if float(text) == config.learning_rate:
        st.caption(_("This is the rate it will learn with."))
    elif st.button(
        _("Take {rate}").format(rate=text), key="take-rate", type="primary", icon=":material/check:"
    ):
        put("rate", text, training_address.plain_text(usual))
        st.rerun()


def _curve(place: st.delta_generator.DeltaGenerator, found: dict, suggested: float | None) -> None:
    with place:
        chart(
            rate_curve(
                found["rates"],
                found["losses"],
                found["smoothed"],
                suggested,
                rate_title=_("learning rate"),
                loss_title=_("loss"),
                suggestion="" if suggested is None else f"{suggested:.1g}",
                dark=is_dark(),
            ),
            key=f"rate-curve-{len(found['rates'])}-{suggested is None}",
            alt=_("The loss over a growing learning rate"),
        )
