"""Which of the shipped models are listed: by what they are there for, and what they are about."""

from __future__ import annotations

import streamlit as st

from cnnviz.datasets.bundled import DATASETS
from cnnviz.models import store
from cnnviz.models.references import ModelReference
from cnnviz.models.shipped import PURPOSES, SHIPPED
from cnnviz.ui import address
from cnnviz.ui.language import _

_ALL = "all"
_PHOTOS = "photos"
_FEW = 6  # so many models are seen at a glance


def narrowed(entries: list[store.Entry]) -> list[store.Entry]:
    """Draws the two choices, where there are many models; returns the chosen ones in order."""
    if len(entries) <= _FEW:
        return entries
    purposes = [p for p in PURPOSES if any(_purpose(e) == p for e in entries)]
    subjects = list(dict.fromkeys(_subject(e) for e in entries))
    with st.container(horizontal=True, vertical_alignment="bottom", key="models-narrowed"):
        purpose = address.widget(
            st.segmented_control,
            _("Which models"),
            [_ALL, *purposes],
            "purpose",
            _ALL,
            format_func=lambda p: _("All") if p == _ALL else _(PURPOSES[p]),
        )
        subject = address.widget(
            st.segmented_control,
            _("What they look at"),
            [_ALL, *subjects],
            "subject",
            _ALL,
            format_func=_subject_name,
        )
    chosen = [
        e for e in entries if purpose in (_ALL, _purpose(e)) and subject in (_ALL, _subject(e))
    ]
    if not chosen:
        st.info(_("There is no such model. Choose “All” in one of the two rows."))
    return chosen


def purpose_name(entry: store.Entry) -> str | None:
    """What a shipped model is there for, in plain words; None for other models."""
    purpose = _purpose(entry)
    return _(PURPOSES[purpose]) if purpose else None


def _purpose(entry: store.Entry) -> str | None:
    reference = ModelReference.parse(entry.reference)
    known = SHIPPED.get(reference.identifier) if reference.kind == "shipped" else None
    return known.purpose if known else None


def _subject(entry: store.Entry) -> str:
    """The bundled data set whose images it knows, an original one, or ``photos``."""
    known = DATASETS.get(entry.card.dataset or "")
    return (known.base or known.name) if known else _PHOTOS


def _subject_name(subject: str) -> str:
    if subject == _ALL:
        return _("All")
    return _("Everyday photos") if subject == _PHOTOS else _(DATASETS[subject].title)
