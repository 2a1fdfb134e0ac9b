"""What a threshold would cost: ROC, and precision over recall, of every class."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.evaluation.measuring import Curves, Measures
from cnnviz.figures.evaluation import threshold_curves
from cnnviz.ui import address
from cnnviz.ui.language import _
from cnnviz.ui.pictures import chart, is_dark

_DRAWN = 10  # classes at once
_ALL, _EVERY = "all", -1


def draw(measures: Measures, names: list[str]) -> None:
    """One of the two pictures, with a sentence how to read it and the areas."""
    kinds = {"pr": _("Precision and recall"), "roc": _("ROC")}
    classes = {_ALL: _("The hardest classes"), **{str(i): n for i, n in enumerate(names)}}
    if len(names) <= _DRAWN:
        classes[_ALL] = _("All classes")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = address.widget(
            st.segmented_control,
            _("Curve"),
            list(kinds),
            "curve",
            "pr",
            format_func=kinds.__getitem__,
        )
        chosen = address.widget(
            st.selectbox,
            _("Class"),
            list(classes),
            "of",
            _ALL,
            format_func=classes.__getitem__,
            width=300,
        )
    curves = measures.roc if kind == "roc" else measures.precision_recall
    st.markdown(_meaning(kind))
    marked = None if chosen == _ALL else int(chosen)
    if marked is not None and np.isnan(curves.areas[marked]):
        st.info(_("There are no images of this class, so it has no curve."))
        return
    chart(
        threshold_curves(
            _lines(curves, names, marked, kind),
            titles=_axes(kind),
            marked=marked,
            chance=kind == "roc",
            dark=is_dark(),
        ),
        key=f"curve-{kind}",
        alt=kinds[kind],
    )
    st.markdown(_areas(curves, kind))


def _lines(
    curves: Curves, names: list[str], marked: int | None, kind: str
) -> list[tuple[int, str, np.ndarray, np.ndarray]]:
    areas = curves.areas[: len(names)]
    defined = np.flatnonzero(~np.isnan(areas))
    shown = np.sort(defined[np.argsort(areas[defined], kind="stable")[:_DRAWN]])
    places = [int(c) for c in shown] if marked is None else [marked]
    word = "AUC" if kind == "roc" else "AP"
    lines = [(c, f"{names[c]}, {word} {areas[c]:.3f}", *curves.of(c)) for c in places]
    if not np.isnan(curves.micro):
        name = _("all answers together")
        lines.append((_EVERY, f"{name}, {word} {curves.micro:.3f}", *curves.of(-1)))
    return lines


def _axes(kind: str) -> tuple[str, str]:
    if kind == "roc":
        return _("share of the others that is called so"), _("share of the class that is found")
    return _("recall: share of the class that is found"), _("precision: share that is right")


def _meaning(kind: str) -> str:
    if kind == "roc":
        return _(
            "Call an image “cat” wherever “cat” gets more than some share of the vote, and lower "
            "that share from all to nothing: how many cats are found (upwards), and how many "
            "others are called “cat” as well (to the right)? The nearer to the upper left corner, "
            "the better; guessing lies on the dotted diagonal. The area (AUC) is the chance that "
            "a random cat gets a larger share than a random other image."
        )
    return _(
        "Call an image “cat” wherever “cat” gets more than some share of the vote, and lower that "
        "share from all to nothing: the more cats are found (to the right), the more others slip "
        "in, and the curve sinks. The longer it stays at the top, the better. The area is the "
        "average precision (AP); where images of a class are rare, it says more than the ROC does."
    )


def _areas(curves: Curves, kind: str) -> str:
    word = "AUC" if kind == "roc" else "AP"
    told = _("Mean {word} over the classes (macro): **{macro}**.").format(
        word=word, macro=f"{curves.macro:.4f}"
    )
    if np.isnan(curves.micro):
        return told
    every = _("All answers together (micro): **{micro}**.").format(micro=f"{curves.micro:.4f}")
    return f"{told} {every}"
