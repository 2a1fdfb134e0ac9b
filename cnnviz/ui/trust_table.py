"""Methods side by side on the same images of a data set, with intervals."""

from __future__ import annotations

import json

import numpy as np
import streamlit as st

from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.explanation.measures import MEASURES
from cnnviz.explanation.trust_results import Comparison
from cnnviz.figures import trust
from cnnviz.ui import address
from cnnviz.ui.language import _, listed, split_names
from cnnviz.ui.many import fitting_sets
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask
from cnnviz.ui.trust_subject import Subject

_COUNTS = ("20", "50", "100")
_ASKED = "_trust-table"  # in this session's state: the settings that a table was asked for


def draw(subject: Subject) -> None:
    """Choices and a button; once pressed, the conclusion, a chart of one measure, all numbers."""
    sets = fitting_sets(subject.opened)
    if not sets:
        st.info(
            _(
                "There are no images of exactly this network's classes here to measure methods "
                "on. Add a folder with one subfolder for each class on the page “{data}”."
            ).format(data=_("Data"))
        )
        return
    settings = _choices(subject, next(iter(sets)))
    wanted = json.dumps(settings, sort_keys=True)
    if st.session_state.get(_ASKED) != wanted:
        st.button(
            _("Measure them"),
            key="trust-measure",
            type="primary",
            icon=":material/table:",
            on_click=st.session_state.__setitem__,
            args=(_ASKED, wanted),
        )
        return
    answer = ask("trust_table", waiting=_("Taking pixels away …"), **settings)
    _show(Comparison.from_message(answer), sets[settings["dataset"]])


def _choices(subject: Subject, dataset: str) -> dict:
    """The parameters of the question; methods and number of images are kept in the address."""
    known = [n for n, m in CATALOGUE.items() if m.kind != "cam" or subject.card.heatmap_layer]
    quick = [name for name in known if CATALOGUE[name].cost == "quick"]
    chosen = address.value("trust_methods", "").split(",")
    key = "choice-trust-methods"
    st.session_state[key] = [name for name in known if name in chosen] or quick

    def changed() -> None:
        address.choose("trust_methods", ",".join(st.session_state[key]) or None)

    left, right = st.columns([2.2, 1], vertical_alignment="bottom")
    with left:
        methods = st.multiselect(
            _("Methods"),
            known,
            key=key,
            format_func=lambda name: _(CATALOGUE[name].title),
            on_change=changed,
            help=_("The quick ones are chosen; the others can take minutes."),
        )
    with right:
        count = address.widget(
            st.segmented_control, _("Images"), list(_COUNTS), "trust_images", _COUNTS[0]
        )
    return {
        "model": subject.opened.reference,
        "dataset": dataset,
        "limit": int(count),
        "methods": None if set(methods or quick) == set(quick) else methods,
        "layer": subject.layer,
    }


def _show(found: Comparison, title: str) -> None:
    names = {name: _(MEASURES[name].title) for name in found.measures}
    measure = address.widget(
        st.segmented_control,
        _("Measure"),
        list(names),
        "trust_measure",
        found.measures[0],
        format_func=names.__getitem__,
    )
    order = sorted_rows(found, measure)
    st.markdown(f"#### {conclusion(found, measure)}")
    k = found.measures.index(measure)
    low, high = found.intervals[:, :, k]
    better = _("higher is better") if MEASURES[measure].higher_is_better else _("lower is better")
    chart(
        trust.intervals(
            [row_name(found.rows[i]) for i in order],
            found.means[order, k],
            low[order],
            high[order],
            [_cell(found, i, k) for i in order],
            yardsticks=len(found.rows) - len(found.methods),
            title=f"{names[measure]} · {better}",
            dark=is_dark(),
        ),
        key="trust-intervals",
        alt=_("Each method's average with its 95 % interval"),
    )
    st.caption(
        _(
            "{reading} Averages over {count} {split} images of “{data}”, the same for all methods, "
            "each explained for the class that the network chose; in brackets the 95 % interval."
        ).format(
            reading=_(MEASURES[measure].reading),
            count=found.images,
            split=split_names()[found.split],
            data=plain(title),
        )
    )
    silent = [
        _("{method}: {count}").format(method=row_name(row), count=n)
        for row, n in zip(found.rows, found.empty, strict=True)
        if n
    ]
    if silent:
        st.caption(
            _(
                "Images in which nothing spoke for the class, so that the order of the pixels is "
                "chance: {methods}."
            ).format(methods=listed(silent))
        )
    with st.popover(_("All numbers"), icon=":material/table:"):
        st.markdown(_table(found, order))


def sorted_rows(found: Comparison, measure: str) -> list[int]:
    """The rows, best first; the yardsticks last."""
    sign = -1 if MEASURES[measure].higher_is_better else 1
    means = sign * found.means[:, found.measures.index(measure)]
    methods = len(found.methods)
    return [*np.argsort(means[:methods], kind="stable"), *range(methods, len(found.rows))]


def conclusion(found: Comparison, measure: str) -> str:
    """Which method is best, which are as good as it, and which are no better than chance."""
    order = sorted_rows(found, measure)[: len(found.methods)]
    best = order[0]
    k = found.measures.index(measure)
    sentences = [
        _("{method} is best: {number}.").format(
            method=row_name(found.rows[best]), number=_cell(found, best, k)
        )
    ]
    alike = [
        row_name(found.rows[i]) for i in order[1:] if not found.clearly_differ(best, i, measure)
    ]
    if alike and len(alike) == len(order) - 1:
        sentences.append(_("The others are not clearly worse: the differences may be chance."))
    elif alike:
        sentences.append(_("Not clearly worse: {methods}.").format(methods=listed(alike)))
    elif len(order) > 1:
        sentences.append(_("All others are clearly worse."))
    chance = [row_name(found.rows[i]) for i in order if not beats_chance(found, i, measure)]
    if not chance:
        sentences.append(_("All are clearly better than random maps."))
    elif len(chance) == len(order):
        sentences.append(_("None is clearly better than random maps."))
    else:
        sentences.append(
            _("Not clearly better than random maps: {methods}.").format(methods=listed(chance))
        )
    return " ".join(sentences)


def beats_chance(found: Comparison, row: int, measure: str) -> bool:
    """Whether a method is clearly better than random maps as coarse as its own."""
    _mean, low, high = found.difference(row, found.yardsticks[row], measure)
    return low > 0 if MEASURES[measure].higher_is_better else high < 0


def row_name(row: str) -> str:
    """A method's title; “random, 7 × 7 fields” for a yardstick."""
    if row in CATALOGUE:
        return _(CATALOGUE[row].title)
    height, width = row.removeprefix("random:").split("x")
    return _("random, {height} × {width} fields").format(height=height, width=width)


def _cell(found: Comparison, row: int, k: int) -> str:
    low, high = found.intervals[:, row, k]
    return f"{_number(found.means[row, k])} ({_number(low)} … {_number(high)})"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _table(found: Comparison, order: list[int]) -> str:
    titles = [
        f"{_(MEASURES[m].title)} {'↑' if MEASURES[m].higher_is_better else '↓'}"
        for m in found.measures
    ]
    rows = [f"| | {' | '.join(titles)} |", "|---" + "|--:" * len(titles) + "|"]
    for i in order:
        cells = " | ".join(_cell(found, i, k) for k in range(len(titles)))
        rows.append(f"| **{row_name(found.rows[i])}** | {cells} |")
    return "\n".join([*rows, "", _("↑ higher is better, ↓ lower is better")])
