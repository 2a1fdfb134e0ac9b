"""More networks to open: those that Keras offers by name, downloaded when somebody wants one."""

from __future__ import annotations

import streamlit as st

from cnnviz.errors import Cancelled, CnnvizError
from cnnviz.models.application_list import APPLICATIONS, Application
from cnnviz.ui import frame
from cnnviz.ui.language import _, percent
from cnnviz.ui.model_cards import open_model
from cnnviz.ui.owner import current_owner
from cnnviz.ui.questions import ask

_KEY = "more-networks"
_WANTED = "_network-to-fetch"  # in this session's state: the name, while it is being fetched


def draw() -> None:
    """A list of networks with what each is known for, and a button that fetches one."""
    with st.expander(
        _("More networks from Keras ({count})").format(count=len(APPLICATIONS)),
        icon=":material/cloud_download:",
        key=_KEY,
    ):
        st.markdown(
            _(
                "Well-known networks that learned ImageNet's 1,000 kinds of things. They are "
                "downloaded from Keras when you ask for one, so this needs the internet; after "
                "that it is yours and works without."
            )
        )
        left, right = st.columns([2, 3], gap="large")
        with left:
            name = st.selectbox(_("Network"), list(APPLICATIONS), key="network-name")
            wanted = APPLICATIONS[name]
            _about(wanted)
            st.button(
                _("Fetch {name} ({size} MB)").format(name=name, size=f"{wanted.megabytes:,}"),
                key="fetch-network",
                type="primary",
                on_click=st.session_state.__setitem__,
                args=(_WANTED, name),
            )
            if st.session_state.get(_WANTED) == name:
                _fetch(name)
        with right:
            _table()


def _about(wanted: Application) -> None:
    st.markdown(_(wanted.about.story))
    st.caption(
        _(
            "{parameters} parameters · {side} × {side} pixels · names {share} of ImageNet's 50,000 "
            "validation photos right, says Keras · {licence} · {paper}"
        ).format(
            parameters=f"{wanted.parameters:,}",
            side=wanted.side,
            share=percent(wanted.reported, 1),
            licence=wanted.about.licence,
            paper=wanted.about.paper,
        )
    )


def _fetch(name: str) -> None:
    """Fetch it and open it; the button starts it once, a sentence says why it did not work."""
    try:
        answer = ask(
            "fetch_application",
            network=name,
            owner=current_owner(),
            waiting=_("Downloading the weights"),
        )
    except Cancelled:  # beside the note is a button to start again
        return
    except CnnvizError as error:
        st.session_state.pop(_WANTED, None)
        frame.show_error(error)
        return
    st.session_state.pop(_WANTED, None)
    open_model(answer["reference"])


def _table() -> None:
    networks = APPLICATIONS.values()
    st.dataframe(
        {
            _("network"): [n.name for n in networks],
            _("parameters"): [n.parameters for n in networks],
            "MB": [n.megabytes for n in networks],
            _("input"): [n.side for n in networks],
            _("right"): [n.reported for n in networks],
        },
        column_config={
            _("parameters"): st.column_config.NumberColumn(format="localized"),
            _("input"): st.column_config.NumberColumn(
                help=_("Pixels of a side of the image it sees.")
            ),
            _("right"): st.column_config.NumberColumn(
                format="percent",
                help=_("Of ImageNet's 50,000 validation photos, as Keras reports it."),
            ),
        },
        hide_index=True,
        height=320,
    )
