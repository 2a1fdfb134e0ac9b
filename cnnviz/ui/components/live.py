"""A training at work: the browser asks how it is about once a second, and draws it in place.

(Streamlit makes a Plotly chart anew with every change of its data, and a run of a page's script
costs twenty times as much as such a question.)
"""

from __future__ import annotations

import time

from cnnviz.ui.components.base import address_of, ignore, register

_mount = register("live", "curve", "asking")


def live(
    *,
    address: str,
    language: str,
    drawn: dict[str, str | None],
    every: float,
    shows: str,
    words: dict[str, str],
    validation_colour: str,
    key: str,
) -> None:
    """Draw progress, figures, loss, accuracy and, where it changes, the learning rate.

    Args:
        address: what is asked; see :mod:`cnnviz.ui.live_route`.
        language: of the answers.
        drawn: ``page``, ``part`` and ``buttons`` of :class:`cnnviz.ui.training_live.Seen` by which
            the rest of the page was drawn. Where an answer has others, the script is run again;
            None does not matter.
        every: seconds between two questions.
        shows: ``all``, ``lead`` or ``nothing`` of an answer.
        words: texts by name.
        validation_colour: of that curve.
        key: unique on the page.
    """
    _mount(
        key=key,
        data={
            "address": address_of(address),
            "language": language,
            "drawn": drawn,
            "at": time.time(),  # by which a browser knows that the script has run
            "every": every,
            "shows": shows,
            "words": words,
            "validationColour": validation_colour,
        },
        on_changed_change=ignore,
    )
