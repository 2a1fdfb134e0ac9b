"""Runs: what did I try, and what worked?"""

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.runs.run import Run
from cnnviz.ui import (
    address,
    frame,
    run_actions,
    run_code,
    run_compare,
    run_table,
    run_words,
    search_view,
    teacher,
    training_view,
)
from cnnviz.ui.language import _, n_
from cnnviz.ui.owner import current_owner
from cnnviz.ui.plain_text import plain


def chosen(runs: list[Run]) -> list[Run]:
    """The runs that the address names, also somebody else's; the newest when it names none."""
    found = {}
    for identifier in address.value("runs", "").split(","):
        if not identifier:
            continue
        try:
            found[identifier] = Run(identifier)
        except CnnvizError:
            st.warning(
                _("There is no training called “{name}” (any more).").format(
                    name=plain(identifier[:40])
                )
            )
            address.choose("runs", None)
    return list(found.values()) or runs[:1]


def listed(runs: list[Run], selected: list[Run]) -> None:
    """The trainings at work, and the table; folded away for whoever came to see a comparison."""
    several = {run.id for run in selected} if len(selected) > 1 else set()
    run_table.at_work([run for run in runs if run.id not in several])
    ticked = address.chosen("runs") == st.session_state.get("ticked-runs")
    if several and not ticked:
        count = n_("{count} training", "{count} trainings", len(runs))
        with st.expander(_("All of them: {count}").format(count=count), key="all-runs"):
            run_table.table(runs, [run.id for run in selected])
    else:
        run_table.table(runs, [run.id for run in selected])


def details(run: Run) -> None:
    """One run: how it ended, its ways in, how it learned."""
    run_actions.heading(run)
    title = run_words.title_of(run)
    facts = [run_words.dataset_of(run), run_words.architecture_of(run)]
    facts = [fact for fact in facts if fact not in title]
    if run.owner != current_owner():
        facts.append(_("somebody else's training"))
    if facts:
        st.caption(" · ".join(plain(fact) for fact in facts))
    if run.search is not None:
        st.caption(search_view.facts(run))
    elif not run.pending:
        run_actions.outcome(run)
    search_view.way_back(run)
    with st.container(horizontal=True):
        if run.search is None and not run.pending:
            run_actions.ways_in(run)
        if st.button(_("Open in Train"), key="watch-run", icon=":material/show_chart:"):
            address.choose("run", run.id)
            st.switch_page("pages/train.py")
        if run.search is None:
            run_actions.try_again(run)
        run_actions.download(run)
        run_actions.delete([run])
    if run.search is not None:
        search_view.draw(run)
        return
    training_view.draw(run)
    run_code.draw(run)


frame.head(
    "runs",
    _(
        "One row is one training, the newest first. Tick one to see how it learned; tick several "
        "to compare them."
    ),
)
teacher.draw()
runs = run_table.in_order(teacher.runs_to_list())
selected = chosen(runs)
if runs:
    listed(runs, selected)
else:
    st.info(_("You have not trained a network yet. The first one takes about half a minute."))
    if st.button(
        _("Train a network"), key="go-train", type="primary", icon=":material/play_arrow:"
    ):
        st.switch_page("pages/train.py")
if len(selected) > 1:
    run_compare.draw(selected)
elif selected:
    details(selected[0])
frame.foot("runs")
