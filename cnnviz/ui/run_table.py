"""The list of trainings: those at work with their progress, and a table of all of them."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.runs.run import Run
from cnnviz.runs.turns import place_of
from cnnviz.spreadsheet import harmless
from cnnviz.ui import address, run_actions, run_words, search_words, teacher
from cnnviz.ui.language import _, listed, n_, one_language, percent
from cnnviz.ui.plain_text import plain
from cnnviz.ui.run_settings import NOT_HERE, differences

EVERY_S = 2.0
MOST = 300  # rows of the table
MOST_AT_WORK = 8  # rows above it
_MOST_SETTINGS = 5  # columns of settings
_FIRST = {"running": 0, "starting": 1, "waiting": 2, "paused": 3}


def in_order(runs: Sequence[Run]) -> list[Run]:
    """Those at work on top, then those that wait or rest, then the newest first."""
    return sorted(runs, key=lambda run: _FIRST.get(run.status, 4))[:MOST]


def at_work(runs: Sequence[Run]) -> None:
    """The trainings that have not ended, each with its progress and what can be done with it."""
    status = {run.id: run.status for run in runs}
    going = {run: known for run, known in status.items() if known in _FIRST}
    if going:
        moving = any(known != "paused" for known in going.values())
        st.fragment(_at_work, run_every=EVERY_S if moving else None)(going)


@one_language()
def _at_work(known: dict[str, str]) -> None:
    for identifier, status in list(known.items())[:MOST_AT_WORK]:
        try:
            run = Run(identifier)
        except CnnvizError:
            st.rerun()  # deleted
        if run.status != status:
            st.rerun()  # the table changes too
        progress = run.progress
        text = f"{plain(run_words.title_of(run))} · {state(run, status)}"
        if teacher.everybody():
            text = f"{teacher.name_of(run.owner)} · {text}"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(progress.fraction, text=text)
            if st.button(_("Watch"), key=f"watch-{identifier}", icon=":material/visibility:"):
                address.choose("run", identifier)
                st.switch_page("pages/train.py")
            run_actions.quick(run)
    if (more := len(known) - MOST_AT_WORK) > 0:
        st.caption(n_("{count} more is below.", "{count} more are below.", more))
    run_actions.show_failure()


def state(run: Run, status: str) -> str:
    """Where a training stands, in a few words: “epoch 2 of 3, 12 s left”, “waiting, place 3”."""
    progress = run.progress
    if run.search is not None and progress.epochs:
        return search_words.state(run, status)
    if status == "waiting":
        place = place_of(run)
        words = _("waiting, place {position}").format(position=place.position)
        if place.seconds:
            left = run_words.duration(place.seconds)
            words = listed([words, _("begins in about {time}").format(time=left)])
        return words
    if status in ("starting", "running") and progress.epochs:
        words = _("epoch {epoch} of {epochs}").format(
            epoch=max(1, progress.epoch), epochs=progress.epochs
        )
        if progress.seconds_left is not None:
            left = run_words.duration(progress.seconds_left)
            words = listed([words, _("{time} left").format(time=left)])
        return words
    return run_words.status_words(status)


def table(runs: Sequence[Run], chosen: Sequence[str]) -> None:
    """One row a training, with the settings in which they differ; ticked rows go into the URL."""
    columns = _columns(runs)
    # Streamlit remembers ticks by position: other rows are another table
    key = "runs-table-" + hashlib.sha256("".join(r.id for r in runs).encode()).hexdigest()[:8]

    def changed() -> None:
        picked = [runs[i].id for i in st.session_state[key].selection.rows if i < len(runs)]
        if set(picked) == set(chosen):  # a new table reports the ticks that it was made with
            return
        kept = [name for name in chosen if name in picked]  # keep their letters and colours
        names = ",".join([*kept, *(name for name in picked if name not in kept)]) or None
        address.choose("runs", names)
        st.session_state["ticked-runs"] = names

    st.dataframe(
        columns,
        hide_index=True,
        key=key,
        on_select=changed,
        selection_mode="multi-row",
        selection_default={
            "selection": {
                "rows": [i for i, run in enumerate(runs) if run.id in chosen],
                "columns": [],
                "cells": [],
            }
        },
        column_config={
            _("training"): st.column_config.TextColumn(width="medium"),
            _("when"): st.column_config.DatetimeColumn(format="localized"),
        },
        alt=_("Your trainings, one a row"),
    )


def _columns(runs: Sequence[Run]) -> dict[str, list]:
    """What the table shows: title, differing settings, then what came of it."""
    columns: dict[str, list] = {
        _("training"): [harmless(run_words.title_of(run)) for run in runs]  # it can be saved as CSV
    }
    if teacher.everybody():
        columns[_("whose")] = [teacher.name_of(run.owner) for run in runs]
    epochs = _("Epochs")  # has a column below
    varied = {
        name: values
        for name, values in differences(runs).items()
        if name != epochs and NOT_HERE not in values  # of some networks only: their names say it
    }
    columns |= dict(list(varied.items())[:_MOST_SETTINGS])
    rows = [_result(run) for run in runs]
    for title, name in (
        (_("status"), "status"),
        (_("epochs"), "epochs"),
        (_("validation images right"), "right"),
        (_("test images right"), "test"),
    ):
        columns[title] = [row[name] for row in rows]
    return columns | {_("when"): [started(run) for run in runs]}


def _result(run: Run) -> dict[str, str]:
    """What came of it; the diary is only read where no outcome says it."""
    outcome, status = run.outcome, run.status
    right, images, done = None, 0, 0
    if outcome:
        right, images = outcome.get("val_accuracy"), outcome.get("val_images")
        done = outcome.get("epoch") or 0
    else:
        progress = run.progress
        done = progress.epoch_rows[-1]["epoch"] if progress.epoch_rows else 0
        if progress.validation.accuracy:
            right, images = max(progress.validation.accuracy), progress.val_images
    test = (outcome or {}).get("test_accuracy")
    whole = run.config.get("epochs", 0)
    if run.search is not None:
        whole = run.progress.epochs
    return {
        "status": run_words.status_words(status),
        "epochs": f"{done} / {whole}",
        "right": share(right, images),
        "test": share(test, (outcome or {}).get("test_images")),
    }


def share(right: float | None, images: int | None) -> str:
    """“91.2 % of 1,000”, or a dash."""
    if right is None:
        return "–"
    return _("{percent} of {count}").format(percent=percent(right, 1), count=f"{images or 0:,}")


def started(run: Run) -> datetime.datetime:
    """When it began, by the person's clock."""
    return datetime.datetime.fromtimestamp(run.created, _zone())


def _zone() -> datetime.tzinfo:
    """Where the person is, as the browser says."""
    try:
        return ZoneInfo(st.context.timezone)
    except Exception:  # no browser, or one that names a zone this machine does not know
        return datetime.UTC
