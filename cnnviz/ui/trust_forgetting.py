"""Let the network forget what it learned, from its answer downwards, and watch the heatmap."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.explanation.trust_results import Randomisation
from cnnviz.figures import trust
from cnnviz.ui import address
from cnnviz.ui.heatmap_panels import Panel, drawn
from cnnviz.ui.language import _, n_, percent
from cnnviz.ui.photo import Seen, seen
from cnnviz.ui.pictures import chart, is_dark, show_png
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask
from cnnviz.ui.trust_subject import Subject

_OPACITY = 0.75


def draw(subject: Subject) -> None:
    """The conclusion, the heatmap after a chosen stage, and how much of it is left."""
    base = seen(subject.picture, subject.card)
    place = st.empty()

    def forming(frame: dict) -> None:
        maps, names = frame["maps"], frame["stages"]
        with place.container():
            _pictures(base, subject, maps, len(maps) - 1, names)

    answer = ask(
        "trust_forgetting",
        waiting=_("The network forgets, layer by layer …"),
        on_frame=forming,
        **subject.parameters,
    )
    place.empty()
    found = Randomisation.from_message(answer)
    st.markdown(f"#### {conclusion(found, subject)}")
    if found.verdict == "empty":
        return
    at = _slider(found)
    left, right = st.columns([1.5, 1], gap="large")
    with left:
        _pictures(base, subject, found.maps, at, found.stages)
        st.caption(_state(found, at, subject))
    with right:
        chart(
            trust.correlation_course(
                [_("as trained"), *found.stages],
                found.course,
                at,
                titles=(_("steps of forgetting"), _("likeness to the first heatmap")),
                empty=_("flat"),
                dark=is_dark(),
            ),
            key="trust-course",
            alt=_("The rank correlation with the first heatmap after each stage"),
        )
        st.caption(
            _(
                "Spearman's rank correlation of the absolute values: 1 is the same order of all "
                "fields, 0 none. {repeats}"
            ).format(
                repeats=n_(
                    "Measured once.",
                    "The average of {count} times with other random numbers.",
                    len(found.correlations),
                )
            )
        )


def conclusion(found: Randomisation, subject: Subject) -> str:
    """Whether the method depends on what the network learned."""
    if found.verdict == "empty":
        return _("The heatmap is flat from the start, so there is nothing that could change.")
    likeness, whole = found.kept
    sentences = {
        ("stays", True): _(
            "{method} hardly changes although the network has forgotten everything (likeness "
            "{value}): it shows the image rather than what the network learned."
        ),
        ("stays", False): _(
            "{method} hardly changes although the upper half of the network has forgotten "
            "everything (likeness {value}): it shows the image rather than what the network "
            "learned about the class."
        ),
        ("partly", True): _(
            "{method} keeps part of its picture although the network has forgotten everything "
            "(likeness {value}): some of it is the image itself, not what the network learned."
        ),
        ("partly", False): _(
            "{method} keeps part of its picture although the upper half of the network has "
            "forgotten everything (likeness {value}): some of it does not depend on what the "
            "network learned about the class."
        ),
    }
    usual = _(
        "{method} changes as the network forgets, as it should: it depends on what the network "
        "learned."
    )
    sentence = sentences.get((found.verdict, whole), usual)
    return sentence.format(method=subject.title, value=f"{likeness:.2f}")


def _slider(found: Randomisation) -> int:
    """The stage that the person chose, 0 for the network as trained."""
    last = len(found.stages)
    at = min(address.number("trust_stage", 1, 0, 1000), last)
    key = "choice-trust-stage"
    st.session_state[key] = at
    names = [_("as trained"), *map(plain, found.stages)]  # Markdown
    st.select_slider(
        _("Forgotten from the answer down to the layer"),
        range(last + 1),
        key=key,
        format_func=names.__getitem__,
        on_change=lambda: address.choose("trust_stage", str(st.session_state[key])),
    )
    return at


def _pictures(
    base: Seen, subject: Subject, maps: np.ndarray, at: int, stages: tuple[str, ...] | list[str]
) -> None:
    """The heatmap as it was, and after ``at`` stages."""
    method = CATALOGUE[subject.method]
    signed = method.is_signed(subject.against is not None)
    titles = [_("as trained"), _("as trained")]
    if at:
        titles[1] = _("down to {layer}").format(layer=plain(stages[at - 1]))
    for column, heat, title in zip(st.columns(2), (maps[0], maps[at]), titles, strict=True):
        panel = Panel(method, subject.target or 0, 0.0, heat, signed)
        with column:
            st.markdown(f"**{title}**")
            show_png(
                images.encode_png(drawn(panel, base, _OPACITY, None)),
                alt=_("Heatmap: {state}").format(state=title),
            )
            if panel.strongest == 0:
                st.caption(_("Nothing is left of the heatmap."))


def _state(found: Randomisation, at: int, subject: Subject) -> str:
    share = percent(float(found.shares[at]), 1)
    name = subject.class_name(found.target)
    if at == 0:
        return _("Nothing is forgotten. The vote for {name}: {share}.").format(
            name=name, share=share
        )
    return _(
        "{count} of {all} layers with weights are as random as before training. The vote for "
        "{name}: {share}. Each heatmap has its own scale."
    ).format(count=found.counts[at - 1], all=found.counts[-1], name=name, share=share)
