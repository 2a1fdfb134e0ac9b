"""What to do next on Home: four ways in, each a question somebody has."""

from __future__ import annotations

import streamlit as st

from cnnviz.ui import image_box
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _


def draw(opened: Opened) -> None:
    """Four equal cards; the first opens the image box, the others lead to a page."""
    st.header(_("Your turn"), anchor=False)
    with st.grid(4, min_column_width=220):
        with _card("own-image"):
            st.markdown(_("**What does it make of my picture?** Upload, draw, paste or take one."))
            if st.button(_("Choose an image"), key="way-image", icon=":material/image:"):
                image_box.open_dialog(opened)
        with _card("learn"):
            st.markdown(_("**How does it learn?** Train one on pictures of clothes, in seconds."))
            st.page_link("pages/train.py", label=_("Train one"), icon=":material/show_chart:")
        with _card("wrong"):
            st.markdown(_("**Where is it wrong?** Every mistake, and what it was looking at."))
            st.page_link("pages/mistakes.py", label=_("See mistakes"), icon=":material/grid_view:")
        with _card("other"):
            st.markdown(_("**What else is there?** Digits, clothes, small photos, or your file."))
            st.page_link("pages/models.py", label=_("Open another"), icon=":material/folder_open:")


def _card(name: str) -> st.delta_generator.DeltaGenerator:
    return st.container(border=True, height="stretch", key=f"way-{name}")
