"""The one number, how sure it is, and what it was measured on."""

from __future__ import annotations

import streamlit as st

from cnnviz.evaluation.intervals import wilson
from cnnviz.evaluation.results import Evaluation
from cnnviz.ui.evaluation_matrix import open_mistakes
from cnnviz.ui.language import _, n_, percent, split_names
from cnnviz.ui.many import Labelled
from cnnviz.ui.plain_text import plain


def draw(labelled: Labelled, found: Evaluation) -> None:
    """Accuracy with its interval in one plain sentence, and the way to the mistakes."""
    total, wrong = len(found), len(found.mistakes)
    low, high = wilson(total - wrong, total)
    left, right = st.columns([1, 2], gap="large", vertical_alignment="center")
    with left:
        st.metric(
            _("{title}, {split} images").format(
                title=plain(labelled.title), split=split_names()[labelled.split]
            ),
            _("{percent} right").format(percent=percent(found.accuracy, 2)),
        )
    with right:
        st.markdown(
            _("It was wrong on **{wrong}** of {images}.").format(
                wrong=f"{wrong:,}", images=n_("{count} image", "{count} images", total)
            )
            + " "
            + _(
                "Measured on ever more images of this kind, the share that is right would most "
                "likely settle between **{low}** and **{high}**."
            ).format(low=percent(low, 1), high=percent(high, 1))
        )
        st.caption(
            _(
                "That is the 95 % confidence interval (Wilson): the fewer images were measured, "
                "the wider it is."
            )
        )
        if wrong and st.button(
            n_("See the {count} mistake", "See all {count} mistakes", wrong),
            key="all-mistakes",
            type="primary",
        ):
            open_mistakes()
