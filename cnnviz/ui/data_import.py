"""Bring a data set of one's own: a zip with one folder for each class."""

from __future__ import annotations

import streamlit as st

from cnnviz import uploads
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.imported import (
    Imported,
    delete_imported,
    describe_imported,
    list_imported,
)
from cnnviz.errors import CnnvizError
from cnnviz.ui import address, frame
from cnnviz.ui.language import _, n_, split_names
from cnnviz.ui.owner import current_owner
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask

_SIZES = (32, 64, 96, 128, 224)


def titles(owner: str) -> dict[str, str]:
    """Name → title of every data set this person can use."""
    found = {d.name: _(d.title) for d in DATASETS.values()}
    return found | {i.reference: i.title for i in list_imported(owner)}


def draw(name: str) -> None:
    """The uploader; for a data set of one's own also what was skipped, and deleting it."""
    if name.startswith("upload:"):
        _own(describe_imported(name.removeprefix("upload:")))
    st.markdown(
        _(
            "Put the images into folders named after their classes (cats, dogs, …), zip them, and "
            "bring the zip. Folders called train, val and test are kept apart; without them, a "
            "tenth of the images each is set aside for validation and test."
        )
    )
    size = st.select_slider(
        _("Pixels each image is brought to"),
        _SIZES,
        64,
        key="import-size",
        help=_("More pixels show more, and training takes longer: twice the side, four times."),
    )
    file = st.file_uploader(_("A zip of class folders"), type=["zip"], key="data-upload")
    if file is None:
        return
    done = st.session_state.setdefault("imported-files", {})
    key = f"{file.file_id}-{size}"
    if key in done:  # the script runs again and again: read the file once
        return
    owner = current_owner()
    try:
        upload = uploads.save_file(file.getvalue(), file.name, owner, kind="zip")
        answer = ask(
            "import_dataset",
            upload=upload,
            filename=file.name,
            size=size,
            owner=owner,
            waiting=_("Reading the images …"),
        )
    except CnnvizError as error:
        done[key] = None
        frame.show_error(error)
        return
    done[key] = answer["reference"]
    address.choose("data", answer["reference"])
    address.choose("class", None)
    st.rerun()


def _own(imported: Imported) -> None:
    splits = split_names()
    counted = [
        _("{split}: {count}").format(split=splits[split], count=f"{sum(counts):,}")
        for split, counts in imported.counts.items()
    ]
    kept = _("**Kept as “{title}”.** {counts}")  # not inside an f-string: Babel looks into none
    st.markdown(kept.format(title=plain(imported.title), counts=" · ".join(counted)))
    if imported.skipped_in_all:
        with st.expander(
            n_("{count} file was left out", "{count} files were left out", imported.skipped_in_all)
        ):
            st.dataframe(
                {
                    _("file name"): [s.name for s in imported.skipped],
                    _("why"): [_(s.reason) for s in imported.skipped],
                },
                hide_index=True,
            )
    with st.popover(_("Delete this data set")):
        st.markdown(_("Models trained on it stay; its images go for good."))
        if st.button(_("Yes, delete it"), key="delete-data", type="primary"):
            delete_imported(imported.identifier, current_owner())
            address.choose("data", None)
            st.rerun()
