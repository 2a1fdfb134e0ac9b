"""Mistakes: what does it get wrong, and why?"""

import streamlit as st

from cnnviz.ui import frame, many
from cnnviz.ui.image_view import image_view
from cnnviz.ui.language import _
from cnnviz.ui.mistake_causes import causes_panel
from cnnviz.ui.mistake_exports import exports
from cnnviz.ui.mistake_filters import listing
from cnnviz.ui.mistake_gallery import opened, panel_of, pictures, view_control
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
# Places that are there in every run, so that the list below keeps its own and its scrolling.
reasons, compared, filters = st.container(), st.container(), st.container()
row = st.container(horizontal=True, vertical_alignment="center")
opening = st.container()
with reasons:
    cause = causes_panel(labelled, found)
with compared:
    group = group_of_comparison(labelled, found)
with filters:
    shown = listing(labelled, found, row=row, marked=marked, cause=cause, group=group)
with row:
    view = view_control(len(shown.positions))
    st.markdown(shown.sentence)
index = opened(found)
panel = None
if index is not None:
    with opening:
        panel = panel_of(labelled, found, shown.positions, index)
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
if panel is not None:
    with panel:
        image_view(labelled, index)
frame.foot("mistakes")
