"""Models: what can I open?"""

import streamlit as st

from cnnviz.models import store
from cnnviz.ui import current, frame, model_choice, model_table, model_upload, more_networks
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
    """Three cards a row where they fit; one on a narrow screen."""
    with st.grid(3, min_column_width=300):
        for entry in listed:
            with st.container(height="stretch"):
                model_card(entry, is_open=entry.reference == opened.reference)


cards(model_choice.narrowed(shipped))
with st.expander(_("Side by side: size, speed, right answers"), icon=":material/table_chart:"):
    model_table.draw()
st.header(_("Yours"), anchor=False)
if own:
    cards(own)
else:
    st.markdown(
        _("Nothing yet. Train one on the page “{page}”, or bring a file:").format(page=_("Train"))
    )
model_upload.draw()
more_networks.draw()
frame.foot("models")
