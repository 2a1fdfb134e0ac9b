"""The shipped models side by side: a table, and accuracy against size for the small photos."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from cnnviz.figures.model_comparison import Point, accuracy_by_size
from cnnviz.models import comparison
from cnnviz.ui.language import _, percent
from cnnviz.ui.layer_facts import large
from cnnviz.ui.pictures import chart, is_dark


def draw() -> None:
    """All shipped models in a table, and those for CIFAR-10 among published ones."""
    rows = comparison.compared()
    machine = comparison.measured_speeds().get("machine", "–")
    st.markdown(
        _(
            "**Parameters** are the numbers that a network learned, **operations** its "
            "multiplications and additions for one image. Right answers were counted on the "
            "complete test set, 10,000 images each."
        )
    )
    st.dataframe(
        {
            _("Model"): [_(row.title) for row in rows],
            _("Right"): [percent(r.accuracy.value, 2) if r.accuracy else "–" for r in rows],
            _("Parameters"): [row.parameters for row in rows],
            _("Operations"): [large(row.flops) for row in rows],
            _("ms, one image"): [row.milliseconds[0] for row in rows],
            _("ms, each of 64"): [row.milliseconds[1] for row in rows],
            _("File, MB"): [row.file_bytes / 1e6 for row in rows],
        },
        hide_index=True,
        height="content",
        column_config={
            _("Parameters"): st.column_config.NumberColumn(format="localized"),
            _("ms, one image"): st.column_config.NumberColumn(format="%.2f"),
            _("ms, each of 64"): st.column_config.NumberColumn(format="%.2f"),
            _("File, MB"): st.column_config.NumberColumn(format="%.1f"),
        },
        alt=_("The shipped models side by side"),
    )
    st.caption(_("Speed: medians on {machine}.").format(machine=machine))
    _small_photos(rows)


def _small_photos(rows: list[comparison.Compared]) -> None:
    measured = [(row, comparison.on_small_photos(row.name)) for row in rows]
    points = [
        _point(_(row.title), row.parameters, said.value, _("measured here"))
        for row, said in measured
        if said
    ]
    if not points:
        return
    points += [
        replace(
            _point(_(other.name), other.parameters, other.accuracy, _(other.source)),
            ours=False,
            beside=other.beside,
        )
        for other in comparison.PUBLISHED
    ]
    st.markdown(
        _(
            "**Networks for the small photos (CIFAR-10).** More parameters help only who knows how "
            "to train them. Rings are figures that others published; point at one for its source."
        )
    )
    chart(
        accuracy_by_size(
            points,
            size_title=_("Parameters"),
            accuracy_title=_("Right on the test images"),
            dark=is_dark(),
        ),
        key="models-compared",
        alt=_("Right answers on the small photos against the number of parameters"),
    )


def _point(name: str, parameters: int, share: float, source: str) -> Point:
    facts = _("{percent} right, {count} parameters").format(
        percent=percent(share, 1), count=f"{parameters:,}"
    )
    return Point(name, parameters, share, f"{name}\n{facts}\n{source}")
