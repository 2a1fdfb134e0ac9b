"""The list of trainings: those at work with their progress, and a table of all of them."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.runs.run import Run
from cnnviz.ui import address, run_words
from cnnviz.ui.language import _, percent
from cnnviz.ui.plain_text import plain

EVERY_S = 2.0
MOST = 300  # rows of the table
_ENDED = ("finished", "stopped", "failed", "lost")


def at_work(runs: Sequence[Run]) -> None:
    """The trainings at work, each with its progress and a way to watch it."""
    active = [run.id for run in runs if run.active]
    if active:
        st.fragment(_at_work, run_every=EVERY_S)(tuple(active))


def _at_work(identifiers: tuple[str, ...]) -> None:
    for identifier in identifiers:
        try:
            run = Run(identifier)
        except CnnvizError:
            st.rerun()  # deleted
        if not run.active:
            st.rerun()  # ended: the table changes too
        progress = run.progress
        text = plain(run_words.title_of(run))
        if progress.epochs:
            text += " · " + _("Epoch {epoch} of {epochs}").format(
                epoch=max(1, progress.epoch), epochs=progress.epochs
            )
            if progress.seconds_left is not None:
                left = run_words.duration(progress.seconds_left)
                text += " · " + _("{time} left").format(time=left)
        else:
            text += " · " + _("Loading the images …")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(progress.fraction, text=text)
            if st.button(_("Watch"), key=f"watch-{identifier}", icon=":material/visibility:"):
                address.choose("run", identifier)
                st.switch_page("pages/train.py")


def table(runs: Sequence[Run], chosen: Sequence[str]) -> None:
    """One row a training, those at work on top; ticking rows puts them into the URL as ``runs``."""
    shown = sorted(runs, key=lambda run: not run.active)[:MOST]
    rows = [_row(run) for run in shown]
    titles = {
        "title": _("training"),
        "data": _("data set"),
        "net": _("network"),
        "when": _("when"),
        "status": _("status"),
        "epochs": _("epochs"),
        "right": _("validation images right"),
        "test": _("test images right"),
    }
    # Streamlit remembers ticks by position: other rows are another table
    key = "runs-table-" + hashlib.sha256("".join(r.id for r in shown).encode()).hexdigest()[:8]

    def changed() -> None:
        picked = [shown[i].id for i in st.session_state[key].selection.rows if i < len(shown)]
        address.choose("runs", ",".join(picked) or None)

    st.dataframe(
        {titles[name]: [row[name] for row in rows] for name in titles},
        hide_index=True,
        key=key,
        on_select=changed,
        selection_mode="multi-row",
        selection_default={
            "selection": {
                "rows": [i for i, run in enumerate(shown) if run.id in chosen],
                "columns": [],
                "cells": [],
            }
        },
        column_config={
            titles["title"]: st.column_config.TextColumn(width="medium"),
            titles["when"]: st.column_config.DatetimeColumn(format="localized"),
        },
        alt=_("Your trainings, one a row"),
    )


def _row(run: Run) -> dict:
    outcome, progress = run.outcome or {}, run.progress
    right, images = outcome.get("val_accuracy"), outcome.get("val_images")
    if right is None and progress.validation.accuracy:
        right, images = max(progress.validation.accuracy), progress.val_images
    test = outcome.get("test_accuracy")
    of = _("{percent} of {count}")
    status = run.status
    done = progress.epoch_rows[-1]["epoch"] if progress.epoch_rows else 0
    return {
        "title": run_words.title_of(run),
        "data": run_words.dataset_of(run),
        "net": run_words.architecture_of(run),
        "when": started(run),
        "status": run_words.status_words(status),
        "epochs": f"{done} / {run.config.get('epochs', 0)}",
        "right": "–"
        if right is None
        else of.format(percent=percent(right, 1), count=f"{images:,}"),
        "test": "–"
        if test is None
        else of.format(percent=percent(test, 1), count=f"{outcome['test_images']:,}"),
    }


def started(run: Run) -> datetime.datetime:
    """When it began, by the person's clock."""
    return datetime.datetime.fromtimestamp(run.created, _zone())


def _zone() -> datetime.tzinfo:
    """Where the person is, as the browser says."""
    try:
        return ZoneInfo(st.context.timezone)
    except Exception:  # no browser, or one that names a zone this machine does not know
        return datetime.UTC
