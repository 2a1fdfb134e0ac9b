"""Images that a comparison of two models opened: who fixes what."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.evaluation.comparing import GROUPS
from cnnviz.evaluation.results import Evaluation
from cnnviz.ui import address
from cnnviz.ui.evaluation_compare import group_positions, group_titles
from cnnviz.ui.language import _
from cnnviz.ui.many import Labelled
from cnnviz.ui.mistake_list import KINDS, MISTAKES
from cnnviz.ui.plain_text import plain
from cnnviz.ui.sentences import in_words


def group_of_comparison(labelled: Labelled, found: Evaluation) -> np.ndarray | None:
    """Positions of the images of the group that the address names, said in a sentence with a way
    back; None where it names none that can be compared here."""
    group = address.value("show", MISTAKES, valid=(*KINDS, *GROUPS))
    other = address.value("other", "none")
    if group not in GROUPS:
        return None
    try:
        positions = group_positions(labelled, found, other, group)
    except CnnvizError as error:  # the second model has gone, or was stopped
        st.warning(in_words(error))
        return None
    if positions is None:
        return None
    with st.container(horizontal=True, vertical_alignment="center", key="compared"):
        st.markdown(
            _("Images from the comparison of two models. **{group}:**").format(
                group=plain(group_titles(labelled, other)[group])
            )
        )
        if st.button(_("Back to all mistakes"), key="leave-group", icon=":material/arrow_back:"):
            address.choose("show", None)
            st.rerun()
    return positions
