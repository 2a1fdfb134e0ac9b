"""Several trainings side by side: in which settings they differ, and how each learns, live."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.figures.comparison import MOST, Line, Series, compared, look
from cnnviz.runs.progress import Curve
from cnnviz.runs.run import Run
from cnnviz.ui import address, run_actions, run_table, run_words
from cnnviz.ui.comparisons import look_for
from cnnviz.ui.language import _, one_language
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.run_settings import differences

EVERY_S = 1.0
_LETTERS = "ABCDEFGH"


def draw(runs: Sequence[Run]) -> None:
    """The comparison, which draws itself again for as long as one of the runs is at work."""
    st.header(_("Side by side"), anchor=False)
    shown = runs[:MOST]
    if len({run.config.get("dataset") for run in shown}) > 1:
        st.warning(
            _(
                "They learn from different data sets: the shares of images that they get right say "
                "more about the data than about the networks."
            )
        )
    varied = differences(shown)
    if not varied:
        st.markdown(_("Their settings are the same: what differs is chance."))
    if len(shown) == 2 and (sentence := look_for(shown[0].config, shown[1].config)):
        st.markdown(sentence)
    status = {run.id: run.status for run in shown}
    pace = EVERY_S if any(run.pending for run in shown) else None
    st.fragment(_live, run_every=pace)(status, varied)
    if len(runs) > MOST:
        st.caption(_("The picture shows the first {count}.").format(count=MOST))
    with st.container(horizontal=True):
        for letter, run in zip(_LETTERS, shown, strict=False):
            st.button(
                _("Only {letter}").format(letter=letter),
                key=f"only-{letter}",
                icon=":material/visibility:",
                on_click=address.choose,
                args=("runs", run.id),
            )
        run_actions.several(runs)
    run_actions.show_failure()


@one_language()
def _live(known: dict[str, str], varied: dict[str, list[str]]) -> None:
    """What differs and what comes of it, while they learn."""
    try:
        runs = [Run(identifier) for identifier in known]
    except CnnvizError:
        st.rerun()  # deleted
    if any(run.status != known[run.id] for run in runs):
        st.rerun()  # the buttons change too
    titles = [_("training"), *varied, _("status"), _("validation images right")]
    rows = [
        [
            _name(position, run),
            *(html.escape(values[position]) for values in varied.values()),
            *map(html.escape, _result(run, known[run.id])),
        ]
        for position, run in enumerate(runs)
    ]
    _table([*titles, _("test images right")], rows)
    measure = address.widget(
        st.segmented_control,
        _("Which curve"),
        ("accuracy", "loss"),
        "measure",
        "accuracy",
        format_func={"accuracy": _("Accuracy"), "loss": _("Loss")}.__getitem__,
        label_visibility="collapsed",
    )
    _picture(runs, measure)


def _result(run: Run, status: str) -> tuple[str, str, str]:
    """Where it is, and what it gets right: at its best once it has ended, now until then."""
    outcome, progress = run.outcome or {}, run.progress
    now = progress.validation.accuracy[-1] if progress.validation.accuracy else None
    right = outcome.get("val_accuracy", now)
    return (
        run_table.state(run, status),
        run_table.share(right, outcome.get("val_images") or progress.val_images),
        run_table.share(outcome.get("test_accuracy"), outcome.get("test_images")),
    )


def _picture(runs: Sequence[Run], measure: str) -> None:
    lines, whole = [], 1.0
    for position, run in enumerate(runs):
        progress = run.progress
        steps = max(1, progress.steps_per_epoch)
        whole = max(whole, float(run.config.get("epochs", 1)))
        lines.append(
            Line(
                _LETTERS[position],
                run_words.title_of(run),
                _series(progress.training, steps, measure),
                _series(progress.validation, steps, measure),
            )
        )
    chart(
        compared(
            measure,
            lines,
            names=(_("training"), _("validation")),
            epochs_title=_("epochs"),
            epochs=whole,
            growing=any(run.pending for run in runs),
            dark=is_dark(),
        ),
        key="compared",
        alt=_("How several trainings learn: validation as thick lines, training as thin ones"),
    )


def _series(curve: Curve, steps: int, measure: str) -> Series:
    return Series([step / steps for step in curve.steps], getattr(curve, measure))


def _name(position: int, run: Run) -> str:
    """Sign and letter of its line, and its name where a person gave it one."""
    colour, sign = look(position)
    mark = (
        f'<span style="color:{colour};white-space:nowrap">{sign} <b>{_LETTERS[position]}</b></span>'
    )
    given = run_words.given_title(run)
    return f"{mark}&ensp;{html.escape(given)}" if given else mark


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """``rows`` are HTML already; large enough for a projector, scrolls sideways on a phone."""
    cell = (
        'style="text-align:left;padding:.35rem 1.25rem .35rem 0;font-weight:400;white-space:nowrap"'
    )
    head = "".join(
        f'<th scope="col" {cell}><span style="opacity:.7">{html.escape(t)}</span></th>'
        for t in titles
    )
    body = "".join(
        f'<tr style="border-top:1px solid rgba(128,128,128,.25)">'
        f'<th scope="row" {cell}>{row[0]}</th>'
        + "".join(f"<td {cell}>{value}</td>" for value in row[1:])
        + "</tr>"
        for row in rows
    )
    st.html(
        '<div style="overflow-x:auto"><table style="font-size:1.1rem;border-collapse:collapse;'
        'font-variant-numeric:tabular-nums">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
