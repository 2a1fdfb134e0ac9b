"""Marks and notes about images: the controls beside an image, and what they are kept under."""

from __future__ import annotations

import streamlit as st

from cnnviz import marks
from cnnviz.errors import CnnvizError
from cnnviz.marks import Mark
from cnnviz.ui.language import _, n_
from cnnviz.ui.many import Labelled
from cnnviz.ui.owner import current_owner
from cnnviz.ui.sentences import in_words

_REMOVED = "_removed_marks"  # in this session: (key, the marks), so that it can be undone


def key_of(labelled: Labelled) -> str:
    """What marks are kept under: they are about a model's answers to these images."""
    return f"{labelled.opened.reference} {labelled.dataset}/{labelled.split}"


def marks_of(labelled: Labelled) -> dict[int, Mark]:
    """This person's marks by index of the image; a damaged file is said in a sentence."""
    try:
        return marks.read_marks(current_owner(), key_of(labelled))
    except CnnvizError as error:
        st.warning(in_words(error))
        return {}


def toggle_mark(labelled: Labelled, index: int) -> None:
    """Mark the image, or take its mark away; its note stays."""
    old = marks_of(labelled).get(index, Mark())
    _keep(labelled, index, Mark(not old.marked, old.note))


def mark_controls(labelled: Labelled, index: int) -> None:
    """A switch to mark the image at ``index`` of the split, and a field for a note about it."""
    kept = marks_of(labelled).get(index, Mark())
    marked, note = f"mark-{index}", f"note-{index}"
    # What is kept counts: the key M and another tab change it too. Set only where it differs, or
    # else what somebody is typing at the moment would be lost.
    for key, value in ((marked, kept.marked), (note, kept.note)):
        if st.session_state.get(key) != value:
            st.session_state[key] = value

    def changed() -> None:
        new = Mark(bool(st.session_state[marked]), st.session_state[note] or "")
        _keep(labelled, index, new)

    with st.container(key="mark-controls", gap="small"):
        st.toggle(
            _("Mark this image"),
            key=marked,
            on_change=changed,
            help=_("Marked images can be listed, and go into the report with their notes."),
        )
        st.text_area(
            _("Note"),
            key=note,
            on_change=changed,
            height=80,
            max_chars=marks.LONGEST_NOTE,
            placeholder=_("What do you think went wrong?"),
            label_visibility="collapsed",
        )


def remove_control(labelled: Labelled, kept: dict[int, Mark]) -> None:
    """A way to remove all marks and notes, asked twice, and to have them back."""
    key = key_of(labelled)
    removed = st.session_state.get(_REMOVED)
    if removed and removed[0] == key and not kept:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                n_("{count} mark was removed.", "{count} marks were removed.", len(removed[1]))
            )
            if st.button(_("Undo"), key="undo-marks", icon=":material/undo:"):
                _replace(labelled, removed[1])
                del st.session_state[_REMOVED]
                st.rerun()
    if not kept:
        return
    with st.popover(_("Remove all marks"), icon=":material/delete:"):
        st.markdown(
            n_(
                "Remove {count} mark with its note?",
                "Remove {count} marks with their notes?",
                len(kept),
            )
        )
        if st.button(_("Remove"), key="remove-marks", type="primary"):
            st.session_state[_REMOVED] = (key, _replace(labelled, {}))
            st.rerun()


def _keep(labelled: Labelled, index: int, mark: Mark) -> None:
    try:
        marks.write_mark(current_owner(), key_of(labelled), index, mark)
    except CnnvizError as error:
        st.toast(in_words(error), icon=":material/warning:")


def _replace(labelled: Labelled, new: dict[int, Mark]) -> dict[int, Mark]:
    return marks.write_marks(current_owner(), key_of(labelled), new)
