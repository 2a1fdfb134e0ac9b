"""Mistakes: what does it get wrong, and why?"""

import numpy as np
import streamlit as st

from cnnviz.ui import address, frame, many
from cnnviz.ui.gallery import gallery
from cnnviz.ui.image_view import image_view
from cnnviz.ui.language import _, n_

_ANY = "any"

frame.head(
    "mistakes",
    _(
        "The images it got wrong, the ones it was surest of first. Beside each, the heat shows "
        "what spoke for the **wrong** answer: is it looking at the thing, or at something else?"
    ),
)
labelled = many.choose()
found = labelled.evaluation()
names = labelled.class_names
classes = [str(i) for i in range(len(names))]
true = address.value("true", _ANY, valid=classes)
called = address.value("called", _ANY, valid=classes)


def positions() -> np.ndarray:
    """Places in the evaluation of the images asked for, most confident first."""
    if true != _ANY and called != _ANY:
        return found.cell(int(true), int(called))
    wrong = found.mistakes
    if true != _ANY:
        wrong = wrong[found.labels[wrong] == int(true)]
    if called != _ANY:
        wrong = wrong[found.predicted[wrong] == int(called)]
    return wrong


shown = positions()
with st.container(horizontal=True, vertical_alignment="bottom"):
    for label, key in ((_("It is"), "true"), (_("It was called"), "called")):
        address.widget(
            st.selectbox,
            label,
            [_ANY, *classes],
            key,
            _ANY,
            format_func=lambda c: _("anything") if c == _ANY else names[int(c)],
            width=260,
        )
if true != _ANY and true == called:
    st.markdown(n_("{count} image, recognised.", "{count} images, all recognised.", len(shown)))
else:
    st.markdown(
        n_("**{count} image**", "**{count} images**", len(shown))
        + " "
        + _("of {count} were called something else.").format(count=f"{len(found):,}")
        if true == _ANY and called == _ANY
        else n_("**{count} image**", "**{count} images**", len(shown))
    )
at = address.value("at", "")
indices = found.indices[shown]
if at.isdecimal() and int(at) in indices:
    with st.container(border=True, key="mistake"):
        image_view(labelled, int(at))
if len(shown):
    clicked = gallery(labelled, found, shown, key="mistakes")
    if clicked is not None:
        address.choose("at", str(clicked))
        st.rerun()
else:
    st.success(_("There is no such image: it made no mistake of this kind."))
with st.expander(_("Other images")):
    many.controls(labelled)
frame.foot("mistakes")
