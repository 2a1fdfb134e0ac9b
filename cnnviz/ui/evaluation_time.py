"""How long an image takes, on this machine and now."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.figures.evaluation import time_strips
from cnnviz.ui.language import _
from cnnviz.ui.many import Labelled
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask


def draw(labelled: Labelled) -> None:
    """A button; then every call as a dot, with the median and the slowest of twenty."""
    st.markdown(
        _(
            "How long the network itself takes for an image, once it is loaded: one image at a "
            "time, and 64 together, which is quicker for each of them."
        )
    )
    kept = "_inference_time", labelled.opened.reference
    if st.button(_("Measure"), key="measure-time", icon=":material/timer:"):
        st.session_state[kept] = ask(
            "inference_time", waiting=_("Measuring the time"), model=labelled.opened.reference
        )
    found = st.session_state.get(kept)
    if found is None:
        return
    names = [_("one at a time"), _("64 together")]
    times = [np.asarray(found["single"]), np.asarray(found["batch"])]
    chart(
        time_strips(
            names,
            times,
            title=_("milliseconds an image"),
            median=_("median"),
            dark=is_dark(),
        ),
        key="inference-time",
        alt=_("Milliseconds an image"),
    )
    half, most = _("half take less than (p50)"), _("95 of 100 take less than (p95)")
    count = _("repetitions")
    rows = [f"| | {half} | {most} | {count} |", "|---|--:|--:|--:|"]
    for name, values in zip(names, times, strict=True):
        p50, p95 = np.percentile(values, [50, 95])
        rows.append(f"| {name} | {p50:.2f} ms | {p95:.2f} ms | {len(values)} |")
    st.markdown("\n".join(rows))
    st.caption(
        _("Measured on: {device} ({kind}). Whatever else this machine does slows it down.").format(
            device=plain(found["device_name"] or _("unknown")), kind=found["device"]
        )
    )
