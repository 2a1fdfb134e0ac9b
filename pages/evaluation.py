"""Evaluation: how good is it?"""

import streamlit as st

from cnnviz.ui import (
    evaluation_calibration,
    evaluation_classes,
    evaluation_compare,
    evaluation_curves,
    evaluation_matrix,
    evaluation_number,
    evaluation_story,
    evaluation_time,
    frame,
    many,
)
from cnnviz.ui.language import _

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

evaluation_number.draw(labelled, found)
left, right = st.columns([3, 2], gap="large")
with left:
    evaluation_matrix.draw(labelled, found)
with right:
    evaluation_story.draw(found, names)

st.subheader(_("Class by class"), anchor=False)
st.markdown(
    _(
        "**Precision**: of the images it called that, how many were. **Recall**: of the images "
        "that are that, how many it found. **F1** lies between the two, nearer to the lower."
    )
)
evaluation_classes.draw(found, names)

# What is folded away is computed when it is opened.
curves, sure, compare, time, numbers = (
    st.expander(title, icon=f":material/{icon}:", key=f"fold-{icon}", on_change="rerun")
    for title, icon in (
        (_("What would a threshold cost? ROC, precision and recall"), "show_chart"),
        (_("Does it know how sure it may be? Calibration"), "balance"),
        (_("Is another model better? Compare two"), "compare_arrows"),
        (_("How long does an image take?"), "timer"),
        (_("All numbers, and other images"), "table"),
    )
)
if curves.open:
    with curves:
        evaluation_curves.draw(evaluation_matrix.measured(labelled), names)
if sure.open:
    with sure:
        evaluation_calibration.draw(evaluation_matrix.measured(labelled))
if compare.open:
    with compare:
        evaluation_compare.draw(labelled, found)
if time.open:
    with time:
        evaluation_time.draw(labelled)
if numbers.open:
    with numbers:
        many.controls(labelled)
        measures = evaluation_matrix.measured(labelled)
        ticked = evaluation_classes.numbers(found, names, measures)
    if ticked is not None:
        evaluation_matrix.open_mistakes(true=ticked)
frame.foot("evaluation")
