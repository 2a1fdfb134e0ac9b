"""Train: how does it learn?"""

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.figures.training import training_curve
from cnnviz.runs.run import Run, list_runs
from cnnviz.training.launch import keep_spare, start_training
from cnnviz.ui import (
    address,
    comparisons,
    frame,
    run_actions,
    run_words,
    search_form,
    search_view,
    training_settings,
    training_view,
)
from cnnviz.ui.language import _, n_
from cnnviz.ui.owner import current_owner
from cnnviz.ui.pictures import chart
from cnnviz.ui.plain_text import plain

owner = current_owner()


def watched() -> Run | None:
    """The run that the address names; a sentence when there is none under that name."""
    identifier = address.value("run", "")
    if not identifier:
        return None
    try:
        return Run(identifier)
    except CnnvizError:
        st.warning(
            _("There is no training called “{name}” (any more).").format(
                name=plain(identifier[:40])
            )
        )
        address.choose("run", None)
        return None


def start(settings: training_settings.Drawn) -> None:
    """The button; a network that cannot be built cannot be trained."""
    if st.button(
        _("Start training"),
        key="start-training",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=not settings.buildable,
    ):
        try:
            started = start_training(settings.config, owner, folders=False)
        except CnnvizError as error:
            frame.show_error(error)
            return
        address.choose("run", started.id)
        st.rerun()


def choose() -> None:
    """A look at the data, the settings, and pairs of trainings to learn from."""
    with st.container(key="unseen-chart"):  # the browser loads what draws charts before it has to
        chart(training_curve("loss", {}, {}, title=""), key="unseen-curve", alt=_("loss"))
    settings = training_settings.draw(owner)
    with settings.start:
        start(settings)
    if settings.buildable:
        search_form.draw(settings.config, owner)
        comparisons.draw(settings.config, owner)
    settings.finish()


def others() -> None:
    """One's own trainings that have not ended, each with a way to it."""
    for run in list_runs(owner)[:20]:
        status = run.status
        if status not in ("waiting", "starting", "running", "paused"):
            continue
        title = plain(run_words.title_of(run))
        words = _("“{title}” is learning right now.")
        if status in ("waiting", "paused"):
            words = _("“{title}”: {status}.")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(words.format(title=title, status=run_words.status_words(status)))
            st.button(
                _("Watch"),
                key=f"watch-{run.id}",
                icon=":material/visibility:",
                on_click=address.choose,
                args=("run", run.id),
            )


def watch(run: Run) -> None:
    """One training, whatever state it is in."""
    title = run_words.title_of(run)
    facts = [run_words.dataset_of(run), run_words.architecture_of(run)]
    st.subheader(plain(title), anchor=False)
    facts = [fact for fact in facts if fact not in title]
    if run.search is None:
        facts.append(n_("{count} epoch", "{count} epochs", int(run.config.get("epochs", 0))))
    else:
        facts.append(search_view.facts(run))
    if run.owner != owner:
        facts.append(_("somebody else's training: you can watch it"))
    st.caption(" · ".join(plain(fact) for fact in facts))
    if run.search is not None:
        search_view.draw(run)
        return
    search_view.way_back(run)
    if run.status in ("finished", "stopped", "failed", "lost"):
        run_actions.outcome(run)
        with st.container(horizontal=True):
            run_actions.ways_in(run)
            run_actions.try_again(run)
    training_view.draw(run)


frame.head(
    "train",
    _(
        "The network sees a few images at a time, compares its answers with the truth, and changes "
        "its weights a little. The **loss**, how wrong it is, falls; the share it gets **right** "
        "rises. Dots are measured on validation images, which it does not learn from."
    ),
)
run = watched()
if run is None or not run.active:
    keep_spare()  # TensorFlow is loaded while the person still looks at the settings
if run is None:
    others()
    choose()
else:
    watch(run)
    st.divider()
    st.header(_("Train another one"), anchor=False)
    choose()
frame.foot("train")
