"""Searching for good settings, on the page Train: tick what to vary, choose values, start."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.runs.usual_times import kind_of, seconds_an_epoch
from cnnviz.training.config import TrainingConfig
from cnnviz.training.launch import start_search
from cnnviz.training.search_config import TUNERS, SearchConfig
from cnnviz.ui import address, frame, run_words, search_words, training_fields
from cnnviz.ui.language import _
from cnnviz.ui.search_choices import BETWEEN, Offer, offers, written

_TRIALS = ("4", "6", "8", "12", "16", "20", "30", "50")
_USUAL_TRIALS, _USUAL_TUNER = "12", TUNERS[0]


def draw(config: TrainingConfig, owner: str) -> None:
    """The fold; ``config`` is what all trials share."""
    label = _("**Search for good settings**: many trainings, each with other values")
    with st.expander(label, key="group-search"):
        st.markdown(
            _(
                "Tick what should vary. Everything else stays as it is chosen above. Each "
                "training is a **trial**; the one that gets most validation images right wins."
            )
        )
        offered = offers(config)
        ticked = _ticked(offered, config)
        space = {offer.name: _values(offer, config) for offer in ticked}
        left, right = st.columns(2, gap="large")
        with left:
            tuner = _tuner()
        with right:
            trials = _trials(tuner)
        _start(SearchConfig(config, space, tuner, trials), owner)


def adopt(settings: dict, search: dict) -> None:
    """Choose the settings of an earlier search, after those of its trainings.

    Raises:
        BadInput: these are not the settings of a search.
    """
    config = SearchConfig.from_json(settings, search)
    for offer in offers(config.base):
        address.choose(offer.url, None)
    for name, text in written(dict(config.space), config.base).items():
        address.choose(name, text)
    address.choose("tuner", None if config.tuner == _USUAL_TUNER else config.tuner)
    address.choose("trials", None if str(config.trials) == _USUAL_TRIALS else str(config.trials))


def _ticked(offered: Sequence[Offer], config: TrainingConfig) -> list[Offer]:
    """What is to be varied: whatever has its values in the URL."""
    by_name = {offer.name: offer for offer in offered}
    now = [offer.name for offer in offered if address.value(offer.url, "")]
    if "architecture" in now:  # other networks have other settings
        now = [name for name in now if not name.startswith("parameters.")]
    key = "choice-try"
    st.session_state[key] = now

    def changed() -> None:
        picked = set(st.session_state[key])
        for name in picked ^ set(now):
            offer = by_name[name]
            address.choose(offer.url, offer.write(offer.first) if name in picked else None)

    st.pills(
        _("What to vary"),
        list(by_name),
        selection_mode="multi",
        wrap=True,
        key=key,
        on_change=changed,
        format_func=lambda name: search_words.label(name, config.architecture),
    )
    return [by_name[name] for name in now]


def _values(offer: Offer, config: TrainingConfig) -> tuple:
    """The values of one setting."""
    chosen = offer.read(address.value(offer.url, ""))
    values = {offer.text(v): v for v in (*offer.values, *chosen)}
    key = f"choice-{offer.url}"
    st.session_state[key] = [offer.text(v) for v in chosen]

    def changed() -> None:
        # the last one taken away: the setting stays ticked, and the page says what is missing
        picked = [text for text in values if text in st.session_state[key]]
        address.choose(offer.url, BETWEEN.join(picked) or BETWEEN)

    st.pills(
        search_words.label(offer.name, config.architecture),
        list(values),
        selection_mode="multi",
        wrap=True,
        key=key,
        on_change=changed,
        format_func=lambda text: search_words.value_words(offer.name, values[text]),
    )
    return chosen


def _tuner() -> str:
    found = address.widget(
        st.segmented_control,
        _("How to choose"),
        TUNERS,
        "tuner",
        _USUAL_TUNER,
        format_func=lambda name: _(search_words.TUNERS[name]),
    )
    st.caption(_(search_words.TUNER_STORIES[found]))
    return found


def _trials(tuner: str) -> int:
    """How many; with Hyperband, it follows from the epochs."""
    if tuner == "hyperband":
        st.caption(_("With Hyperband, the number of trials follows from the number of epochs."))
        return int(_USUAL_TRIALS)
    now = address.value("trials", _USUAL_TRIALS)
    now = now if now.isdecimal() and 2 <= int(now) <= 200 else _USUAL_TRIALS
    training_fields.slider(
        _("Trials"),
        "trials",
        now,
        _USUAL_TRIALS,
        _TRIALS,
        _("How many trainings. More find more, and take longer."),
    )
    return int(now)


def _start(search: SearchConfig, owner: str) -> None:
    """How long it will take, and the button; or what is missing."""
    try:
        checked = search.check(folders=False)
    except CnnvizError as error:
        checked = None
        if search.space:
            frame.show_error(error)
    else:
        st.markdown(_estimate(checked))
    if st.button(
        _("Start the search"),
        key="start-search",
        icon=":material/manage_search:",
        disabled=checked is None,
    ):
        try:
            started = start_search(checked, owner, folders=False)
        except CnnvizError as error:
            frame.show_error(error)
            return
        address.choose("run", started.id)
        st.toast(_("The search has begun. You can watch it at the top of this page."))
        st.rerun()
    if not search.space:
        st.caption(_("Tick at least one setting."))


def _estimate(search: SearchConfig) -> str:
    """What it takes, from what trainings like these have taken here."""
    words = [search_words.planned(search.trials, search.epochs)]
    epoch = seconds_an_epoch(kind_of(search.base.to_json()))
    if epoch:
        time = run_words.duration(epoch * search.epochs)
        words.append(
            _(
                "about {time} if nobody else trains meanwhile, judging by a training like this "
                "one; a larger network takes longer"
            ).format(time=time)
        )
    else:
        words.append(
            _("no training like this has ended here yet, so nobody can say how long that takes")
        )
    return _("**{count}**: {time}.").format(count=words[0], time=words[1])
