"""The curves of a training at work: drawn in place, so that nothing blinks while they grow.

(Streamlit makes a Plotly chart anew with every change of its data.)
"""

from __future__ import annotations

from cnnviz.ui.components.base import register

_mount = register("live", "curve")


def live(data: dict, *, key: str) -> None:
    """Draw loss, accuracy and, where the data have it, the learning rate.

    ``data`` is of :func:`cnnviz.ui.training_film.growing`, with ``words``, ``marks`` and
    ``validationColour``; the same object for everybody who watches.
    """
    _mount(key=key, data=data)
