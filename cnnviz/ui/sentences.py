"""Errors as sentences on a page."""

from __future__ import annotations

import streamlit as st

from cnnviz.errors import CnnvizError, OverQuota
from cnnviz.ui import lesson
from cnnviz.ui.language import _
from cnnviz.ui.plain_text import plain


def in_words(error: CnnvizError) -> str:
    """The sentence in the reader's language as Markdown: what a link or a file brought into it
    (names, ids) is shown as itself."""
    values = {k: plain(v) if isinstance(v, str) else v for k, v in error.values.items()}
    return _(error.template).format(**values)


def show(error: CnnvizError) -> None:
    """The sentence in a red box; where room is missing, with the way to where it can be made."""
    st.error(in_words(error))
    if isinstance(error, OverQuota):
        st.page_link(
            lesson.YOUR_THINGS.file,
            label=_(lesson.YOUR_THINGS.question),
            icon=":material/inventory_2:",
        )
