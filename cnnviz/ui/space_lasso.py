"""The images that somebody drew a line around on the map."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.ui import address
from cnnviz.ui.gallery import gallery
from cnnviz.ui.language import n_
from cnnviz.ui.many import Labelled
from cnnviz.ui.plain_text import plain
from cnnviz.ui.space_map import chosen_images, counts_in_words


def draw(labelled: Labelled) -> None:
    """Exactly those images as a gallery, with their classes in words; nothing without a choice."""
    chosen = chosen_images(labelled)
    if chosen is None:
        return
    found = labelled.evaluation()
    positions = np.flatnonzero(np.isin(found.indices, chosen))
    labels = found.labels[positions]
    wrong = int((found.predicted[positions] != labels).sum())
    with st.container(border=True, key="lasso"):
        st.markdown(
            "**"
            + n_("You drew around {count} image", "You drew around {count} images", len(positions))
            + f":** {plain(counts_in_words(labels, labelled.class_names))}. "
            + n_(
                "{count} of them was called something else.",
                "{count} of them were called something else.",
                wrong,
            )
        )
        clicked = gallery(labelled, found, positions, key="lasso")
        if clicked is not None:
            address.choose("at", str(clicked))
            st.rerun()
