"""Evaluation: how good is it?"""

import streamlit as st

from cnnviz.figures import charts
from cnnviz.ui import address, frame, many
from cnnviz.ui.components.matrix import matrix
from cnnviz.ui.language import _, n_, percent, split_names
from cnnviz.ui.pictures import chart, is_dark

frame.head(
    "evaluation",
    _(
        "Each row of the table is what an image **is**, each column what the network **called** "
        "it. The diagonal is right; every warm cell is a mix-up. Click one to see its images."
    ),
)
labelled = many.choose()
found = labelled.evaluation()
names = labelled.class_names


def open_mistakes(true: int | None, predicted: int | None) -> None:
    """The Mistakes page with the images of one cell, or of all mistakes."""
    address.choose("true", None if true is None else str(true))
    address.choose("called", None if predicted is None else str(predicted))
    address.choose("at", None)
    st.switch_page("pages/mistakes.py")


left, right = st.columns([3, 2], gap="large")
with left:
    clicked = matrix(
        found.confusion,
        names,
        key="confusion",
        error_sentence=_("{count} images of “{true}” were called “{predicted}”."),
        right_sentence=_("{count} images of “{true}” were recognised."),
        true_title=_("is"),
        predicted_title=_("called"),
        hint=_("Point at a cell to read it, click it to see its images."),
    )
    if clicked is not None:
        open_mistakes(*clicked)
with right:
    st.metric(
        _("{title}, {split} images").format(
            title=labelled.title, split=split_names()[labelled.split]
        ),
        _("{percent} right").format(percent=percent(found.accuracy, 2)),
    )
    wrong = len(found.mistakes)
    st.markdown(
        n_("It was wrong on {count} image", "It was wrong on {count} images", wrong)
        + " "
        + _("of {count}.").format(count=f"{len(found):,}")
    )
    if found.worst_pair:
        true, predicted, count = found.worst_pair
        share = percent(count / max(1, int(found.confusion[true].sum())), 1)
        st.markdown(
            _(
                "**It mixes up “{true}” and “{predicted}” most:** {count} images of “{true}” were "
                "called “{predicted}”, {share} of them all."
            ).format(true=names[true], predicted=names[predicted], count=count, share=share)
        )
        if st.button(
            n_("See this {count} image", "See these {count} images", count),
            key="worst-pair",
            type="primary",
        ):
            open_mistakes(true, predicted)
        if st.button(_("See all mistakes"), key="all-mistakes"):
            open_mistakes(None, None)

st.subheader(_("Class by class"), anchor=False)
st.markdown(
    _(
        "**Precision**: of the images it called that, how many were. **Recall**: of the images "
        "that are that, how many it found. **F1** lies between the two, nearer to the lower."
    )
)
chart(
    charts.class_scores(
        names,
        [c.precision for c in found.per_class],
        [c.recall for c in found.per_class],
        [c.f1 for c in found.per_class],
        [c.support for c in found.per_class],
        titles=(_("precision"), _("recall"), "F1", _("images")),
        dark=is_dark(),
    ),
    key="class-scores",
    alt=_("Precision, recall and F1 of every class"),
)
with st.expander(_("The numbers, and other images")):
    many.controls(labelled)
    st.dataframe(
        {
            _("class"): names,
            _("precision"): [c.precision for c in found.per_class],
            _("recall"): [c.recall for c in found.per_class],
            "F1": [c.f1 for c in found.per_class],
            _("images"): [c.support for c in found.per_class],
        },
        column_config={
            name: st.column_config.NumberColumn(format="percent")
            for name in (_("precision"), _("recall"), "F1")
        },
        hide_index=True,
    )
frame.foot("evaluation")
