"""“Show me the Keras code”: a training as a script that runs without this program."""

from __future__ import annotations

import streamlit as st

from cnnviz.compute import get_engine
from cnnviz.runs.run import Run
from cnnviz.ui.language import _
from cnnviz.ui.questions import ask
from cnnviz.ui.sharing import may_open


def draw(run: Run) -> None:
    """The script behind a fold: it is only written when somebody opens it."""
    box = st.expander(
        _("Show me the Keras code"),
        icon=":material/code:",
        key=f"code-{run.id}",
        on_change="rerun",
    )
    if not box.open:
        return
    with box:
        st.markdown(
            _(
                "A script that trains the same thing, with Keras and NumPy alone. Copy it with "
                "the button in its corner, or take it as a zip with the very images: unpack it, "
                "then type `python train.py`."
            )
        )
        if any(e["kind"] == "learning_rate" and e["why"] == "asked" for e in run.progress.marks):
            st.caption(
                _(
                    "While this training learned, its learning rate was changed by hand. The "
                    "script keeps the one that it began with."
                )
            )
        answer = ask("keras_code", run=run.id, waiting=_("Writing the code …"))
        if may_open(str(run.config.get("dataset", ""))):
            st.download_button(
                _("Script and images as a zip"),
                lambda: _project(run.id),
                file_name=f"keras-{run.id[:8]}.zip",
                mime="application/zip",
                key="save-code",
                icon=":material/download:",
                on_click="ignore",
            )
        else:
            st.caption(_("The images are somebody else's: they are not part of a training's link."))
        st.code(answer["source"], language="python", height=520)


def _project(run_id: str) -> bytes:
    """Made in a compute worker when the button has been pressed."""
    return bytes(get_engine().ask("keras_project", run=run_id).result()["data"])
