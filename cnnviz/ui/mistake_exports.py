"""What can be taken away from the page of mistakes: a table, the images, a report to be mailed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import partial

import numpy as np
import streamlit as st

from cnnviz.datasets.loading import load_dataset
from cnnviz.evaluation.results import Evaluation
from cnnviz.marks import Mark
from cnnviz.ui import mistake_report
from cnnviz.ui.language import _, language
from cnnviz.ui.many import Labelled
from cnnviz.ui.mistake_causes import cause_names
from cnnviz.ui.mistake_files import archive, file_name, most_in_zip, table
from cnnviz.ui.mistake_reasons import counted

_REPORT = "_mistake-report"  # in this session's state: (what it is about, the file)
_PATIENCE_S = 2.0  # for the causes, in a table
_REPORT_PATIENCE_S = 60.0


def exports(
    labelled: Labelled, found: Evaluation, positions: np.ndarray, marks: Mapping[int, Mark]
) -> None:
    """Buttons for the listed images at ``positions``."""
    name = partial(file_name, labelled.opened.reference, labelled.opened.card.title)
    listed = partial(_table, labelled.asked, found, positions, dict(marks))
    most = most_in_zip(load_dataset(labelled.dataset, labelled.split).images.shape[1:])
    st.markdown(_("Everything here is about the images that are listed above, in their order."))
    with st.container(horizontal=True, vertical_alignment="center"):
        _report(labelled, found, positions, marks, name("html"))
        st.download_button(
            _("Table (CSV)"),
            listed,
            file_name=name("csv"),
            mime="text/csv",
            key="mistakes-csv",
            icon=":material/table:",
            on_click="ignore",
            help=_(
                "Place, true class, answer, share, loss, margin, possible causes, mark and note of "
                "each image."
            ),
        )
        st.download_button(
            _("Images (zip)"),
            lambda: archive(labelled.dataset, labelled.split, found, positions, listed()),
            file_name=name("zip"),
            mime="application/zip",
            key="mistakes-zip",
            icon=":material/folder_zip:",
            on_click="ignore",
            help=_(
                "Folders by true class, in them folders by answer, and the table; at most {most} "
                "images."
            ).format(most=f"{most:,}"),
        )
    if len(positions) > mistake_report.MOST:
        st.caption(
            _("A report holds the first {most} of the list.").format(most=mistake_report.MOST)
        )


def _table(
    asked: dict, found: Evaluation, positions: np.ndarray, marks: Mapping[int, Mark]
) -> bytes:
    found_causes = counted(asked, _PATIENCE_S)
    causes = None
    if found_causes is not None:
        causes = {one["key"]: set(one["positions"].tolist()) for one in found_causes}
    return table(found, positions, marks, causes)


def _report(
    labelled: Labelled,
    found: Evaluation,
    positions: np.ndarray,
    marks: Mapping[int, Mark],
    name: str,
) -> None:
    about = _about(labelled, positions, marks)
    kept = st.session_state.get(_REPORT)
    if kept is None or kept[0] != about:
        place = st.empty()
        if not place.button(
            _("Make a report"),
            key="make-report",
            icon=":material/description:",
            type="primary",
            help=_(
                "One HTML file with the numbers, the mix-ups, the possible reasons and each image "
                "with its vote, its heat and your note. It opens without a network."
            ),
        ):
            return
        bar = place.progress(0.0, text=_("Making the report …"))
        causes = counted(labelled.asked, _REPORT_PATIENCE_S)
        made = mistake_report.make(
            labelled, found, positions, marks, causes, cause_names(), bar.progress
        )
        place.empty()
        kept = st.session_state[_REPORT] = (about, made)
    st.download_button(
        _("Save the report"),
        kept[1],
        file_name=name,
        mime="text/html",
        key="save-report",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def _about(labelled: Labelled, positions: np.ndarray, marks: Mapping[int, Mark]) -> str:
    """Tells reports apart: the model, the images, their order, marks, language."""
    said = [labelled.asked, positions[: mistake_report.MOST].tolist(), language()]
    said.append(sorted((i, m.marked, m.note) for i, m in marks.items()))
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()
