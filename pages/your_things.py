"""Your things: what have I brought and made?"""

import streamlit as st

from cnnviz import ageing, belongings
from cnnviz.ui import frame, own_things
from cnnviz.ui.language import _, n_
from cnnviz.ui.owner import current_owner, private_link

frame.head(
    "your_things",
    _(
        "Everything here belongs to this browser. Nobody else sees it in a list; others can open "
        "only what you send them a link to."
    ),
)
things = belongings.of(current_owner())
if things:
    own_things.room(things)
    own_things.table(things)
else:
    st.info(_("Nothing yet. What you upload, train and keep will be listed here."))
if days := ageing.keep_days():
    st.caption(
        n_(
            "Images and files that nobody opens for {count} day are removed by themselves, unless "
            "one of your models or trainings needs them. Links to them stop working then.",
            "Images and files that nobody opens for {count} days are removed by themselves, unless "
            "one of your models or trainings needs them. Links to them stop working then.",
            round(days),
        )
    )

st.header(_("In another browser, or next week"), anchor=False)
link = private_link()
if link is None:
    st.markdown(_("This browser keeps no cookies, so there is no link that brings things back."))
else:
    st.markdown(
        _(
            "This browser remembers you. To bring everything back elsewhere, or after its cookies "
            "were deleted, keep your private link. **Whoever has it is you**: don't show it on a "
            "projector, and send it to nobody."
        )
    )
    with st.popover(_("Show my private link"), icon=":material/key:"):
        st.code(link, language=None, wrap_lines=True)
frame.foot("your_things")
