"""Steps through the layers of a network: one back, which one, one on."""

from __future__ import annotations

import streamlit as st

from cnnviz.ui import channel
from cnnviz.ui.language import _
from cnnviz.ui.plain_text import plain


def stepper(names: list[str], name: str) -> None:
    """Draw the controls; ``name`` is the layer shown, ``names`` are all of them in order."""
    position = names.index(name)
    with st.container(horizontal=True, vertical_alignment="bottom", key="stepper"):
        st.button(
            _("Previous"),
            key="previous-layer",
            icon=":material/arrow_back:",
            disabled=position == 0,
            on_click=channel.choose_layer,
            args=(names[max(0, position - 1)],),
        )
        key = "choice-layer"
        st.session_state[key] = name
        st.select_slider(
            _("Layer {number} of {count}").format(number=position + 1, count=len(names)),
            names,
            key=key,
            format_func=plain,  # options of a slider are Markdown
            on_change=lambda: channel.choose_layer(st.session_state[key]),
            width="stretch",
        )
        st.button(
            _("Next layer"),
            key="next-layer",
            icon=":material/arrow_forward:",
            icon_position="right",
            disabled=position == len(names) - 1,
            on_click=channel.choose_layer,
            args=(names[min(len(names) - 1, position + 1)],),
        )
