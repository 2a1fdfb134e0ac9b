"""Watch a search: its trials in a table and a picture, the best so far, what seems to matter."""

from __future__ import annotations

import streamlit as st

from cnnviz.errors import CnnvizError, NotFound
from cnnviz.runs import trials
from cnnviz.runs.run import PAUSE, STOP, Run
from cnnviz.ui import (
    address,
    frame,
    run_actions,
    run_words,
    search_form,
    search_table,
    search_words,
    training_controls,
    training_settings,
    training_waiting,
)
from cnnviz.ui.language import _, n_, one_language
from cnnviz.ui.owner import may_change
from cnnviz.ui.plain_text import plain

EVERY_S = 2.0
_WANTED = "_open-trial"


def draw(run: Run) -> None:
    """All of it; draws itself again for as long as the search goes on."""
    every = EVERY_S if run.pending else None
    st.fragment(_now, run_every=every)(run.id, run.pending)


def title_of(run: Run) -> str:
    """What it is called, and how it searches; Markdown."""
    return plain(run_words.title_of(run))


def facts(run: Run) -> str:
    """How it searches, in a line."""
    told = run.search or {}
    tuner = _(search_words.TUNERS.get(str(told.get("tuner")), ""))
    epochs = int(run.config.get("epochs", 1))
    parts = [
        _("{tuner} search").format(tuner=tuner),
        n_("{count} trial", "{count} trials", int(told.get("trials", 0))),
        n_("{count} epoch each", "{count} epochs each", epochs)
        if told.get("tuner") != "hyperband"
        else n_("up to {count} epoch", "up to {count} epochs", epochs),
    ]
    return " · ".join(parts)


def way_back(run: Run) -> None:
    """On the page of a trial: which one it is, and the way to its search."""
    if not run.parent:
        return
    search = Run(run.parent)
    listed = trials.listed(search.folder)
    number = next((t.number for t in listed if t.run == run.id), 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_("Trial {number} of “{title}”.").format(number=number, title=title_of(search)))
        st.button(
            _("Back to the search"),
            key="back-to-search",
            icon=":material/arrow_back:",
            on_click=_show,
            args=(search.id,),
        )


@one_language()
def _now(run_id: str, was_pending: bool) -> None:
    """How it is right now."""
    try:
        run = Run(run_id)
        if run.pending != was_pending or st.session_state.pop(_WANTED, None):
            st.rerun()  # the whole page
        _controls(run)
        _results(run)
    except NotFound:
        st.rerun()  # deleted meanwhile: the page says so
    except CnnvizError as error:
        frame.show_error(error)


def _controls(run: Run) -> None:
    """How far it is, and what can be done with it."""
    status, progress = run.status, run.progress
    if status == "failed" and run.error:
        frame.show_error(run.error)
    if status in ("starting", "running", "waiting", "paused", "lost"):
        lead = search_words.state(run, status)
        if status in ("paused", "lost"):
            lead = _("{state}: it goes on from exactly there").format(
                state=run_words.status_words(status).capitalize()
            )
        elif status == "waiting" and not progress.epochs:
            lead = training_waiting.place(run)
        if training_controls.asked(run, STOP):
            lead = _("Stopping; what it has learned is kept …")
        elif training_controls.asked(run, PAUSE):
            lead = _("Pausing; where it stands is kept …")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(progress.fraction, text=lead[:1].upper() + lead[1:])
            run_actions.quick(run)
        run_actions.show_failure()


def _results(run: Run) -> None:
    rows = search_table.rows_of(run)
    best = search_table.best_of(rows)
    st.markdown(search_words.best_words(run, best and best.trial, best and best.right))
    if tested := search_words.test_words(run):
        st.markdown(tested)
    if best is not None:
        _ways_in(run, best)
    if rows:
        search_table.picture(run, rows)
        results = [(row.trial, row.right) for row in rows if row.right is not None]
        st.markdown(search_words.matters_words(run, results))
        search_table.table(run, rows, _open)


def _ways_in(run: Run, best: search_table.Row) -> None:
    """From the best trial to the other pages, and on from here."""
    with st.container(horizontal=True):
        if best.run is not None:
            run_actions.ways_in(best.run)
            st.button(
                _("Open the best trial"),
                key="open-best",
                icon=":material/trophy:",
                on_click=_open,
                args=(best.trial.run,),
            )
        if (
            not run.pending
            and may_change(run)
            and st.button(
                _("Search again with changes"), key="search-again", icon=":material/tune:"
            )
        ):
            training_settings.adopt(run.config)
            search_form.adopt(run.config, run.search or {})
            address.choose("run", None)
            st.switch_page("pages/train.py")


def _show(run_id: str) -> None:
    """Name another training in the address, on the page Train as on the page Runs."""
    address.choose("run", run_id)
    if address.chosen("runs"):
        address.choose("runs", run_id)


def _open(run_id: str) -> None:
    """The page of a trial."""
    _show(run_id)
    st.session_state[_WANTED] = True
