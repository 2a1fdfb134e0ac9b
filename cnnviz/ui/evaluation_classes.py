"""Class by class: precision, recall and F1 as a picture and as numbers, and their averages."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.evaluation.measuring import Measures
from cnnviz.evaluation.metrics import macro_average, weighted_average
from cnnviz.evaluation.results import Evaluation
from cnnviz.figures import charts
from cnnviz.spreadsheet import harmless
from cnnviz.ui.language import _, percent
from cnnviz.ui.pictures import chart, is_dark

_DRAWN = 30  # classes in the picture
_WORST = 15  # of more classes, so many of the worst


def draw(found: Evaluation, names: list[str]) -> None:
    """Every class's three measures on one line; of many classes those with the lowest F1."""
    reports = found.per_class
    shown = list(range(len(names)))
    if len(names) > _DRAWN:
        occurring = [i for i in shown if reports[i].support]
        shown = sorted(occurring, key=lambda i: reports[i].f1)[:_WORST]
        st.caption(
            _("The {count} classes with the lowest F1; all stand in the table below.").format(
                count=len(shown)
            )
        )
    chart(
        charts.class_scores(
            [names[i] for i in shown],
            [reports[i].precision for i in shown],
            [reports[i].recall for i in shown],
            [reports[i].f1 for i in shown],
            [reports[i].support for i in shown],
            titles=(_("precision"), _("recall"), "F1", _("images")),
            dark=is_dark(),
        ),
        key="class-scores",
        alt=_("Precision, recall and F1 of every class"),
    )


def numbers(found: Evaluation, names: list[str], measures: Measures) -> int | None:
    """Top-k and averages, then all numbers of every class; returns the class that was ticked."""
    st.markdown("\n".join(_overall(found, measures)))
    st.caption(
        _(
            "**Macro**: the mean over the classes, each counting the same. **Weighted**: by their "
            "numbers of images. **Average precision**: the area under a class's curve of precision "
            "over recall; its mean over the classes is called mAP."
        )
    )
    reports, areas = found.per_class, measures.precision_recall.areas[: len(names)]
    st.markdown(_("**Class by class.** Tick a row to see the mistakes among its images."))
    ticked = st.dataframe(
        {
            _("class"): [harmless(name) for name in names],
            _("precision"): [r.precision for r in reports],
            _("recall"): [r.recall for r in reports],
            "F1": [r.f1 for r in reports],
            _("average precision"): [None if np.isnan(a) else float(a) for a in areas],
            _("images"): [r.support for r in reports],
        },
        column_config={
            name: st.column_config.NumberColumn(format="percent")
            for name in (_("precision"), _("recall"), "F1", _("average precision"))
        },
        hide_index=True,
        key="class-numbers",
        on_select="rerun",
        selection_mode="single-row",
    )
    return next(iter(ticked.selection.rows), None)


def _overall(found: Evaluation, measures: Measures) -> list[str]:
    """Two Markdown tables: shares of the images, and means over the classes."""
    kept = found.top_classes.shape[1]
    wanted = [k for k in (1, 2, 3, 5) if k <= kept and k < len(found.class_names)]
    tops = [
        _("among the first {k}").format(k=k) if k > 1 else _("the first answer") for k in wanted
    ]
    shares = [percent(found.top_k(k), 2) for k in wanted]
    rows = [_row([_("The true class is"), *tops]), _row(["---", *["--:"] * len(tops)])]
    rows += [_row([_("of the images"), *shares]), ""]
    rows += [_row(["", _("precision"), _("recall"), "F1", _("average precision")])]
    rows += [_row(["---", *["--:"] * 4])]
    area = percent(measures.precision_recall.macro, 2)
    for name, mean, last in (
        (_("Macro"), macro_average(found.confusion), area),
        (_("Weighted"), weighted_average(found.confusion), ""),
    ):
        values = [percent(v, 2) for v in (mean.precision, mean.recall, mean.f1)]
        rows.append(_row([name, *values, last]))
    return rows


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
