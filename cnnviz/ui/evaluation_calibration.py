"""Does it know how sure it may be? Reliability before and after temperature scaling."""

from __future__ import annotations

import streamlit as st

from cnnviz.evaluation.measuring import Measures
from cnnviz.figures.evaluation import reliability_bars
from cnnviz.ui.language import _, percent
from cnnviz.ui.pictures import chart, is_dark


def draw(measures: Measures) -> None:
    """Two pictures side by side, the conclusion above them, the numbers below."""
    scaled = measures.calibration
    if scaled is None:
        st.info(
            _(
                "This network answers yes or no for every class by itself. Its shares don't add up "
                "to one vote, so there is no single confidence to hold against the truth."
            )
        )
        return
    before, after = scaled.before, scaled.after
    sure = float(before.confidence[before.counts > 0] @ before.counts[before.counts > 0])
    sure /= before.counts.sum()
    right = float(before.accuracy[before.counts > 0] @ before.counts[before.counts > 0])
    right /= before.counts.sum()
    st.markdown(f"#### {conclusion(sure, right, before.error)}")
    st.markdown(
        _(
            "How to read it: the images are sorted by how sure the network was. A bar is the share "
            "of them that it got right, an orange dot how sure it was. Where the bar ends below "
            "its dot, it was too sure; above it, not sure enough. Pale bars have few images."
        )
    )
    titles = _("how sure it was"), _("how often it was right")
    columns = st.columns(2, gap="large")
    for column, name, one, title in (
        (columns[0], "before", before, _("As it is")),
        (columns[1], "after", after, _("After temperature scaling")),
    ):
        with column:
            st.markdown(f"**{title}** · " + _error(one.error))
            chart(
                reliability_bars(
                    one.counts,
                    one.confidence,
                    one.accuracy,
                    titles=titles,
                    words=(_("right"), _("images")),
                    dark=is_dark(),
                ),
                key=f"reliability-{name}",
                alt=title,
            )
    st.markdown(
        _(
            "**Temperature scaling** divides all scores by one number T before the softmax. The "
            "answers stay the same, only how sure they are changes. Here T = **{mean}** "
            "({first} and {second}: each half of the images is judged by the T that was fitted on "
            "the other half)."
        ).format(
            mean=f"{scaled.temperature:.2f}",
            first=f"{scaled.temperatures[0]:.2f}",
            second=f"{scaled.temperatures[1]:.2f}",
        )
    )
    st.markdown("\n".join(_table(measures)))
    st.caption(
        _(
            "All three are better when lower. Expected calibration error (15 bins): the mean gap "
            "between dot and bar. Guo et al. 2017, arXiv 1706.04599."
        )
    )


def conclusion(sure: float, right: float, error: float) -> str:
    """In a sentence: too sure, not sure enough, or about right."""
    told = {"sure": percent(sure, 1), "right": percent(right, 1)}
    if error < 0.02:
        return _(
            "It knows how sure it may be: on average it is {sure} sure, and {right} right."
        ).format(**told)
    if sure > right:
        return _("It is too sure of itself: on average {sure} sure, but {right} right.").format(
            **told
        )
    return _("It could be surer of itself: on average {sure} sure, but {right} right.").format(
        **told
    )


def _error(error: float) -> str:
    return _("calibration error {share}").format(share=percent(error, 1))


def _table(measures: Measures) -> list[str]:
    before, after = measures.calibration.before, measures.calibration.after
    rows = [f"| | {_('As it is')} | {_('After temperature scaling')} |", "|---|--:|--:|"]
    for name, one, other in (
        (_("Expected calibration error"), before.error, after.error),
        (_("Negative log-likelihood"), before.nll, after.nll),
        (_("Brier score"), before.brier, after.brier),
    ):
        rows.append(f"| {name} | {one:.4f} | {other:.4f} |")
    return rows
