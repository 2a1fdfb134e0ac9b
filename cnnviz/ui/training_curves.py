"""The curves of a training: made once a moment for all who watch."""

from __future__ import annotations

import threading
from collections import OrderedDict

import plotly.graph_objects as go
import streamlit as st

from cnnviz.figures.training import Mark, rate_curve, training_curve
from cnnviz.runs.events import reader_for
from cnnviz.runs.progress import Curve, Event, Progress
from cnnviz.runs.run import Run
from cnnviz.ui import training_film
from cnnviz.ui.language import _, language
from cnnviz.ui.pictures import chart, is_dark

_KEPT = 48  # sets of figures in memory
_SAID = 6  # marks in words below the charts

_figures: OrderedDict[tuple, tuple[go.Figure, ...]] = OrderedDict()
_lock = threading.Lock()


def curves(run: Run) -> None:
    """Loss and accuracy side by side, as far as they go; below them what happened on the way."""
    loss, accuracy, *_rates = _drawn(run)
    left, right = st.columns(2, gap="medium")
    with left:
        chart(loss, key="curve-loss", alt=_("The loss while learning, step by step"))
    with right:
        chart(
            accuracy,
            key="curve-accuracy",
            alt=_("The share of images that it gets right while learning, step by step"),
        )
    if marks := marks_of(run.progress):
        said = [f"{mark.sign} {mark.text}" for mark in marks[-_SAID:]]
        if len(marks) > _SAID:
            said.insert(0, "…")
        st.caption(" · ".join(said))


def rates(run: Run) -> None:
    """The learning rate over the steps, where it was not the same all the time."""
    _loss, _accuracy, *found = _drawn(run)
    for figure in found:
        chart(figure, key="curve-rate", alt=_("The learning rate, step by step"))


def growing(run: Run) -> dict:
    """The same of a training at work, for the browser to draw, with the marks on the way."""
    _version, progress = reader_for(run.id).progress()
    marks = [vars(mark) for mark in marks_of(progress)[-_SAID:]]
    return training_film.growing(progress) | {"marks": marks}


def marks_of(progress: Progress) -> list[Mark]:
    """What happened on the way, in words."""
    return [Mark(int(e.get("step", 0)), *_words(e)) for e in progress.marks]


def _words(event: Event) -> tuple[str, str]:
    """The sign and the text of a mark."""
    step = f"{event.get('step', 0):,}"
    if event["kind"] == "pause":
        return "‖", _("paused at step {step}").format(step=step)
    if event["kind"] == "resume":
        if event.get("why") == "asked":
            return "▶", _("went on at step {step}").format(step=step)
        return "▶", _("went on at step {step} after it had broken off").format(step=step)
    if event["kind"] == "phase":
        return "＋", _("more layers learn from step {step} on").format(step=step)
    rate = f"{event.get('rate', 0):.3g}"
    if event.get("why") == "plateau":
        return "η", _(
            "learning rate {rate} from step {step} on, because it no longer got better"
        ).format(rate=rate, step=step)
    return "η", _("learning rate {rate} from step {step} on").format(rate=rate, step=step)


def _drawn(run: Run) -> tuple[go.Figure, ...]:
    """Loss, accuracy and, where it changed, the learning rate of this moment."""
    version, progress = reader_for(run.id).progress()
    dark = is_dark()
    key = (run.folder, version, progress.step, dark, language())
    with _lock:
        if key in _figures:
            _figures.move_to_end(key)
            return _figures[key]
    whole = progress.steps_per_epoch * progress.epochs
    common = {"total_steps": whole or None, "marks": marks_of(progress), "dark": dark}
    made = [
        training_curve(
            measure,
            _series(progress.training, measure),
            _series(progress.validation, measure),
            title=title,
            names=(_("training"), _("validation")),
            steps_title=_("step"),
            **common,
        )
        for measure, title in (("loss", _("Loss")), ("accuracy", _("Accuracy")))
    ]
    used = progress.rates
    if used and max(used) > 1.001 * min(used):
        steps = progress.training.steps
        made.append(rate_curve(steps, used, title=_("Learning rate"), **common))
    with _lock:
        _figures[key] = tuple(made)
        while len(_figures) > _KEPT:
            _figures.popitem(last=False)
        return _figures[key]


def _series(curve: Curve, measure: str) -> dict:
    return {"step": curve.steps, measure: getattr(curve, measure)}
