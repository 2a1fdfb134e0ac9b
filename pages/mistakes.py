"""Mistakes: what does it get wrong, and why?"""

import streamlit as st

from cnnviz.ui import frame, many
from cnnviz.ui.language import _
from cnnviz.ui.mistake_causes import causes_panel
from cnnviz.ui.mistake_exports import exports
from cnnviz.ui.mistake_filters import listing
from cnnviz.ui.mistake_gallery import open_image_panel, opened, pictures, view_control
from cnnviz.ui.mistake_group import group_of_comparison
from cnnviz.ui.mistake_marks import marks_of, remove_control

frame.head(
    "mistakes",
    _(
        "The images it got wrong, the ones it was surest of first. Click one to see what spoke for "
        "the **wrong** answer: is it looking at the thing, or at something else?"
    ),
)
labelled = many.choose()
found = labelled.evaluation()
kept = marks_of(labelled)
marked = set(kept)
cause = causes_panel(labelled, found)
group = group_of_comparison(labelled, found)
filters = st.container()
row = st.container(horizontal=True, vertical_alignment="center")
with filters:
    shown = listing(labelled, found, row=row, marked=marked, cause=cause, group=group)
with row:
    view = view_control(len(shown.positions))
    st.markdown(shown.sentence)
index = opened(found)
if index is not None:
    open_image_panel(labelled, found, shown.positions, index)
if len(shown.positions):
    pictures(
        labelled,
        found,
        shown.positions,
        view=view,
        sort=shown.sort,
        marked=marked,
        selected=index,
    )
    folded = st.expander(
        _("Take away"), key="take-away", icon=":material/download:", on_change="rerun"
    )
    if folded.open:
        with folded:
            exports(labelled, found, shown.positions, kept)
remove_control(labelled, kept)
with st.expander(_("Other images")):
    many.controls(labelled)
frame.foot("mistakes")
