"""Models: what can I open?"""

import streamlit as st

from cnnviz.models import store
from cnnviz.ui import current, frame, model_upload
from cnnviz.ui.language import _
from cnnviz.ui.model_cards import model_card
from cnnviz.ui.owner import current_owner

frame.head(
    "models",
    _(
        "A model is a network that has finished learning. Open one, and every page looks into it. "
        "The pictures show what it knows."
    ),
)
opened = current.model()
entries = store.list_models(current_owner())
shipped = [e for e in entries if e.reference.startswith("shipped:")]
own = [e for e in entries if e not in shipped]


def cards(listed: list[store.Entry]) -> None:
    """Two cards a row; one on a narrow screen."""
    with st.grid(2):
        for entry in listed:
            with st.container():
                model_card(entry, is_open=entry.reference == opened.reference)


cards(shipped)
st.header(_("Yours"), anchor=False)
if own:
    cards(own)
else:
    st.markdown(
        _("Nothing yet. Train one on the page “{page}”, or bring a file:").format(page=_("Train"))
    )
model_upload.draw()
frame.foot("models")
