"""What ails a training, in plain words: at most two findings, how we know, and what to try."""

from __future__ import annotations

import threading
from collections import OrderedDict

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.runs.diagnosis import diagnose_run
from cnnviz.runs.events import reader_for
from cnnviz.runs.findings import (
    CLASSES,
    COUNT,
    GOOD,
    HINT,
    PROBLEM,
    RATE,
    SHARE,
    TEXT,
    Finding,
    Measured,
)
from cnnviz.runs.run import OUTCOME, Run
from cnnviz.ui import address, frame, training_settings
from cnnviz.ui.language import _, listed, percent
from cnnviz.ui.plain_text import plain

MOST = 2  # findings at a time: what matters is said first
_KEPT = 64
_LOOKS = {  # a colour and, for those who do not see it, a sign
    PROBLEM: ":orange[:material/warning:]",
    HINT: ":blue[:material/lightbulb:]",
    GOOD: ":green[:material/check_circle:]",
}

_findings: OrderedDict[tuple, tuple[Finding, ...]] = OrderedDict()
_lock = threading.Lock()


def draw(run: Run) -> None:
    """The box; nothing before there is anything to be looked at, or where it failed otherwise."""
    found = findings(run)[:MOST]
    if not found and (not run.progress.epoch_rows or run.error):
        return
    with st.container(border=True, key="diagnosis"):
        for finding in found:
            st.markdown(f"#### {_LOOKS[finding.severity]} {_(finding.title)}")
            st.markdown(f"{sentence(finding)} {_(finding.advice)}")
        if not found:
            st.markdown(_LOOKS[GOOD] + " " + _("Nothing about this training stands out."))
        with st.container(horizontal=True):
            tried: list[dict] = []
            for finding in found:
                if finding.trial and finding.changes not in tried:
                    tried.append(finding.changes)
                    _try(run, finding)
            with st.popover(_("How do we know?"), icon=":material/search:", key="diagnosis-why"):
                for finding in found:
                    _evidence(finding)
                _how_to_read()


def findings(run: Run) -> tuple[Finding, ...]:
    """All findings of this moment, worked out once for everybody who watches."""
    version, _progress = reader_for(run.id).progress()
    key = (run.folder, version, (run.folder / OUTCOME).exists())
    with _lock:
        if key in _findings:
            _findings.move_to_end(key)
            return _findings[key]
    found = diagnose_run(run)
    with _lock:
        _findings[key] = found
        while len(_findings) > _KEPT:
            _findings.popitem(last=False)
    return found


def sentence(finding: Finding) -> str:
    """What was found, with the measured numbers; Markdown."""
    return _(finding.template).format(**{m.name: _written(m) for m in finding.evidence})


def _try(run: Run, finding: Finding) -> None:
    """The page Train with what the finding says to try."""
    trial = finding.trial
    if st.button(
        _(trial.words).format(**trial.values),
        key=f"try-{finding.code}-{run.id}",
        icon=":material/replay:",
        help=_("Opens the page Train with these settings; you can change more before you start."),
    ):
        try:
            training_settings.adopt({**run.config, **trial.changes})
        except CnnvizError as error:
            frame.show_error(error)
            return
        address.choose("run", None)
        st.switch_page("pages/train.py")


def _evidence(finding: Finding) -> None:
    lines = [f"- {_(m.label)}: {_written(m)}" for m in finding.evidence]
    st.markdown("\n".join([f"**{_(finding.title)}**", "", *lines]))


def _how_to_read() -> None:
    st.markdown("**" + _("How to read the two curves") + "**")
    st.markdown(
        "\n".join(
            "- " + text
            for text in (
                _(
                    "Training far better than validation: it learns by heart. The gap between the "
                    "two is what it knows about its own images only."
                ),
                _("Both low and level: it cannot learn more like this."),
                _("Both still getting better at the end: let it go on."),
                _("The loss shoots up, or jumps wildly: the steps are too long."),
                _(
                    "Training a little worse than validation is normal: it is measured while it "
                    "learns, on images that were changed and with values switched off at random."
                ),
            )
        )
    )


def _written(measured: Measured) -> str:
    value = measured.value
    if measured.kind == SHARE:
        return percent(value, 0 if value >= 0.1 or not value else 1)
    if measured.kind == COUNT:
        return f"{value:,}"
    if measured.kind == CLASSES:
        return listed(plain(_(name)) for name in value)
    if measured.kind == TEXT:
        return plain(str(value))
    if measured.kind == RATE:
        return f"{value:g}"
    return _loss(value)


def _loss(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}" if value < 1e9 else f"{value:.0e}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"
