"""Runs: what did I try, and what worked?"""

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.figures.comparison import Line, compared_accuracy
from cnnviz.runs.run import Run, list_runs
from cnnviz.ui import address, frame, run_actions, run_table, run_words, training_view
from cnnviz.ui.language import _
from cnnviz.ui.owner import current_owner
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.plain_text import plain

MOST_COMPARED = 8  # lines that can still be told apart

owner = current_owner()
runs = list_runs(owner)


def chosen() -> list[Run]:
    """The runs that the address names, also somebody else's; the newest when it names none."""
    found = []
    for identifier in address.value("runs", "").split(","):
        if not identifier:
            continue
        try:
            found.append(Run(identifier))
        except CnnvizError:
            st.warning(
                _("There is no training called “{name}” (any more).").format(
                    name=plain(identifier[:40])
                )
            )
            address.choose("runs", None)
    return found or runs[:1]


def details(run: Run) -> None:
    """One run: how it ended, its ways in, its curves."""
    title = run_words.title_of(run)
    st.header(plain(title), anchor=False)
    facts = [run_words.dataset_of(run), run_words.architecture_of(run)]
    if unsaid := [plain(fact) for fact in facts if fact not in title]:
        st.caption(" · ".join(unsaid))
    if not run.active:
        run_actions.outcome(run)
    with st.container(horizontal=True):
        if not run.active:
            run_actions.ways_in(run)
        if st.button(_("Open in Train"), key="watch-run", icon=":material/show_chart:"):
            address.choose("run", run.id)
            st.switch_page("pages/train.py")
        run_actions.try_again(run)
        if not run.active:
            run_actions.delete(run)
    training_view.curves(run)
    training_view.samples(run)


def compare(several: list[Run]) -> None:
    """Validation accuracy of several runs in one chart."""
    st.header(_("Side by side"), anchor=False)
    st.markdown(
        _(
            "The share of the validation images that each got right. Compare only trainings on "
            "the same data set."
        )
    )
    lines = []
    titles = [run_words.title_of(run) for run in several]
    for run, title in zip(several[:MOST_COMPARED], titles, strict=False):
        if titles.count(title) > 1:  # the same settings once more: told apart by the time
            title = f"{run_table.started(run):%H:%M:%S} · {title}"
        progress = run.progress
        steps = max(1, progress.steps_per_epoch)
        lines.append(
            Line(
                title,
                [step / steps for step in progress.validation.steps],
                progress.validation.accuracy,
            )
        )
    chart(
        compared_accuracy(lines, epochs_title=_("epochs"), dark=is_dark()),
        key="compared",
        alt=_("Validation accuracy of several trainings"),
    )
    if len(several) > MOST_COMPARED:
        st.caption(_("The chart shows the first {count}.").format(count=MOST_COMPARED))


frame.head(
    "runs",
    _(
        "One row is one training, the newest first. Tick one to see how it learned; tick several "
        "to compare them."
    ),
)
selected = chosen()
if runs:
    run_table.at_work(runs)
    run_table.table(runs, [run.id for run in selected])
else:
    st.info(_("You have not trained a network yet. The first one takes about half a minute."))
    if st.button(
        _("Train a network"), key="go-train", type="primary", icon=":material/play_arrow:"
    ):
        st.switch_page("pages/train.py")
if len(selected) > 1:
    compare(selected)
elif selected:
    details(selected[0])
frame.foot("runs")
