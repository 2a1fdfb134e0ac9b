"""Bring a data set of one's own: a zip with one folder for each class."""

from __future__ import annotations

import contextlib

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from cnnviz import uploads
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.class_folders import Contents
from cnnviz.datasets.imported import (
    Imported,
    delete_imported,
    describe_imported,
    list_imported,
)
from cnnviz.datasets.zips import look_into
from cnnviz.errors import CnnvizError, NotFound
from cnnviz.figures.charts import class_counts
from cnnviz.spreadsheet import harmless
from cnnviz.ui import address, frame
from cnnviz.ui.language import _, n_, split_names
from cnnviz.ui.owner import current_owner
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask

_SIZES = (32, 64, 96, 128, 224)
_SHOWN = 30  # bars of classes


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
    try:
        found = _looked_into(file)
    except CnnvizError as error:
        frame.show_error(error)
        return
    _counts(found)
    if not st.button(_("Keep these images"), key="keep-data", type="primary"):
        return
    owner, upload = current_owner(), None
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
        frame.show_error(error)  # the button stays: room can be made, a lost process be replaced
        return
    finally:
        if upload is not None:  # its images are kept, or it is of no use
            with contextlib.suppress(NotFound):
                uploads.delete(upload, owner)
    done[key] = answer["reference"]
    address.choose("data", answer["reference"])
    address.choose("class", None)
    st.rerun()


def _looked_into(file: UploadedFile) -> Contents:
    """The classes in a zip; remembered, since the script runs again and again."""
    known = st.session_state.setdefault("looked-into-files", {})
    if file.file_id not in known:
        known[file.file_id] = look_into(file.getvalue())
    return known[file.file_id]


def _counts(found: Contents) -> None:
    """How many images each class would have, before anything is kept."""
    splits = split_names()
    in_all = [sum(of_class) for of_class in zip(*found.counts.values(), strict=True)]
    st.markdown(
        _("**{count} classes are in this zip.** {files}").format(
            count=f"{len(found.class_names):,}",
            files=" · ".join(
                _("{split}: {count}").format(split=splits[split], count=f"{sum(counts):,}")
                for split, counts in found.counts.items()
            ),
        )
    )
    chart(
        class_counts(found.class_names[:_SHOWN], in_all[:_SHOWN], dark=is_dark()),
        key="zip-counts",
        alt=_("Number of images of each class"),
    )
    if len(in_all) > _SHOWN:
        st.caption(_("These are the first {count} classes.").format(count=_SHOWN))
    if found.skipped:
        left_out = n_(
            "{count} file is left out: it does not lie in the folder of a class.",
            "{count} files are left out: they do not lie in the folders of the classes.",
            len(found.skipped),
        )
        st.caption(left_out)
    st.caption(_("Files that turn out to be no images are left out, and named, when it is kept."))


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
                    _("file name"): [harmless(s.name) for s in imported.skipped],
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
