"""Data: what does it learn from?"""

import streamlit as st

from cnnviz.ui import address, current, data_import, data_view, frame
from cnnviz.ui.language import _
from cnnviz.ui.owner import current_owner

frame.head(
    "data",
    _(
        "A network knows only what it was shown. It learns from the training images; the test "
        "images are kept away from it until the end, to see what it can do with new ones."
    ),
)
card = current.model().card
titles = data_import.titles(current_owner())
default = card.dataset if card.dataset in titles else next(iter(titles))
name = address.widget(
    st.segmented_control if len(titles) <= 5 else st.selectbox,
    _("Data set"),
    list(titles),
    "data",
    default,
    format_func=lambda key: titles[key],
)
data_view.draw(name)
st.header(_("Bring your own"), anchor=False)
data_import.draw(name)
frame.foot("data")
