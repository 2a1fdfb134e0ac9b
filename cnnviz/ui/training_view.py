"""Watch a training: curves that grow, figures, nine images with the network's current answer.

Everybody who watches a run shares one reader of its diary and one pair of figures a moment; while
it is at work only this part of the page is drawn again, and when it has ended nothing is.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

import plotly.graph_objects as go
import streamlit as st

from cnnviz.datasets.bundled import DATASETS, image_at
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import CnnvizError, NotFound
from cnnviz.figures.training import training_curve
from cnnviz.runs.events import reader_for
from cnnviz.runs.progress import Curve, Progress
from cnnviz.runs.run import COMMANDS, STOP, Run
from cnnviz.ui import frame, run_words
from cnnviz.ui.language import _, language, percent
from cnnviz.ui.owner import current_owner
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.plain_text import plain
from cnnviz.ui.thumbnails import Thumbnail, source, thumbnails

EVERY_S = 0.7  # seconds between two looks at a training at work
_KEPT = 48  # pairs of figures in memory

_figures: OrderedDict[tuple, tuple[go.Figure, go.Figure]] = OrderedDict()
_pictures: OrderedDict[tuple, tuple[str, ...]] = OrderedDict()
_lock = threading.Lock()


def draw(run: Run) -> None:
    """The whole view, which draws itself again for as long as the run is at work."""
    active = run.active
    with st.container(key="training-live"):
        st.fragment(_live, run_every=EVERY_S if active else None)(run.id, active)


def curves(run: Run) -> None:
    """Loss and accuracy side by side, as far as they go."""
    version, progress = reader_for(run.id).progress()
    loss, accuracy = _drawn(run, version, progress)
    left, right = st.columns(2, gap="medium")
    with left:
        chart(loss, key="curve-loss", alt=_("The loss while learning, step by step"))
    with right:
        chart(
            accuracy,
            key="curve-accuracy",
            alt=_("The share of images that it gets right while learning, step by step"),
        )


def samples(run: Run) -> None:
    """Nine validation images and what the network says about them now."""
    progress = run.progress
    if not progress.samples:
        return
    moment = progress.samples[-1]
    names = [_(name) for name in progress.class_names]
    shown = []
    for address, truth, shares in zip(
        _sample_pictures(run, progress), moment["labels"], moment["probabilities"], strict=False
    ):
        answer = max(range(len(shares)), key=shares.__getitem__)
        right = answer == truth
        shown.append(
            Thumbnail(
                address,
                names[truth],
                names[answer],
                shares[answer],
                percent(shares[answer]),
                _("right") if right else _("is: {name}").format(name=names[truth]),
                right,
            )
        )
    if not shown:
        return
    right = sum(one.right for one in shown)
    st.markdown(
        _("**What it says about {count} images that it does not learn from** (its vote)").format(
            count=len(shown)
        )
        + " · "
        + (
            _("untrained: it guesses")
            if moment["step"] == 0
            else _("after step {step}").format(step=f"{moment['step']:,}")
        )
        + " · "
        + _("{right} of {count} right").format(right=right, count=len(shown))
    )
    thumbnails(shown)


def _live(run_id: str, was_active: bool) -> None:
    try:
        run = Run(run_id)
        status = run.status
        active = status in ("starting", "running")
        if active != was_active:
            st.rerun()  # the whole page: the outcome, the ways in, and no more looking
        progress = run.progress
        if active:
            _work(run, progress)
        _numbers(run, progress, active)
        curves(run)
        samples(run)
    except NotFound:
        if was_active:
            st.rerun()  # deleted meanwhile: the page says so
        raise
    except CnnvizError as error:
        frame.show_error(error)


def _work(run: Run, progress: Progress) -> None:
    """How far it is, and the button that stops it: for its owner alone."""
    stopping = (run.folder / COMMANDS / STOP).exists()
    if stopping:
        text = _("Stopping; what it has learned is kept …")
    elif not progress.epochs:
        text = _("Loading the images …")
    elif progress.fraction >= 1:
        text = _("Looking at the test images …")
    else:
        text = _("Epoch {epoch} of {epochs}").format(
            epoch=max(1, progress.epoch), epochs=progress.epochs
        )
        if progress.seconds_left is not None:
            text += " · " + _("{time} left").format(time=run_words.duration(progress.seconds_left))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(progress.fraction, text=text)
        if run.owner == current_owner():
            st.button(
                _("Stop"),
                key="stop-training",
                icon=":material/stop_circle:",
                disabled=stopping,
                on_click=_stop,
                args=(run.id,),
            )


def _stop(run_id: str) -> None:
    try:
        Run(run_id).request_stop(current_owner())
    except CnnvizError as error:
        frame.show_error(error)


def _numbers(run: Run, progress: Progress, active: bool) -> None:
    """The figures that are worth a projector, and below them what they count."""
    outcome = run.outcome or {}
    test, best = outcome.get("test_accuracy"), outcome.get("val_accuracy")
    if best is None and progress.validation.accuracy:
        best = progress.validation.accuracy[-1]
    whole = progress.steps_per_epoch * progress.epochs
    figures: list[tuple[str, str | None]] = []
    notes = []
    if test is not None:
        figures.append((_("test images right"), percent(test, 1)))
        notes.append(_("{count} test images").format(count=f"{outcome['test_images']:,}"))
    figures.append((_("validation images right"), None if best is None else percent(best, 1)))
    if progress.val_images:
        notes.append(_("{count} validation images").format(count=f"{progress.val_images:,}"))
    if progress.images:
        notes.append(_("{count} training images").format(count=f"{progress.images:,}"))
    figures.append((_("epoch"), f"{progress.epoch} / {progress.epochs}" if whole else None))
    figures.append((_("step"), f"{progress.step:,} / {whole:,}" if whole else None))
    if active:
        speed, left = progress.images_per_second, progress.seconds_left
        figures.append((_("images per second"), f"{speed:,.0f}" if speed else None))
        figures.append((_("time left"), None if left is None else run_words.duration(left)))
    elif (seconds := outcome.get("seconds")) is not None:
        figures.append((_("time taken"), run_words.duration(seconds)))
    if progress.device:
        device = " ".join(dict.fromkeys([progress.device, progress.device_name])).strip()
        notes.append(_("computed on: {device}").format(device=plain(device)))
    with st.grid(min_column_width=160):
        for label, value in figures:
            st.metric(label, value or "–")
    if notes:
        st.caption(" · ".join(notes))


def _drawn(run: Run, version: int, progress: Progress) -> tuple[go.Figure, go.Figure]:
    """Both charts of this moment, made once for all who watch."""
    dark = is_dark()
    key = (run.folder, version, progress.step, dark, language())
    with _lock:
        found = _figures.get(key)
        if found:
            _figures.move_to_end(key)
            return found
    whole = progress.steps_per_epoch * progress.epochs
    made = tuple(
        training_curve(
            measure,
            _series(progress.training, measure),
            _series(progress.validation, measure),
            title=title,
            names=(_("training"), _("validation")),
            steps_title=_("step"),
            total_steps=whole or None,
            dark=dark,
        )
        for measure, title in (("loss", _("Loss")), ("accuracy", _("Accuracy")))
    )
    with _lock:
        _figures[key] = made
        while len(_figures) > _KEPT:
            _figures.popitem(last=False)
    return made


def _series(curve: Curve, measure: str) -> dict:
    return {"step": curve.steps, measure: getattr(curve, measure)}


def _sample_pictures(run: Run, progress: Progress) -> tuple[str, ...]:
    """The addresses of the sample images; none where this process cannot have them quickly.

    The complete originals come through TensorFlow, folders of the terminal's may be large.
    """
    name, indices = str(run.config.get("dataset", "")), progress.sample_indices
    if run.config.get("complete") or not (name in DATASETS or name.startswith("upload:")):
        return ()
    key = (name, indices)
    with _lock:
        if key in _pictures:
            return _pictures[key]
    try:
        if name in DATASETS:
            found = tuple(source(image_at(name, "val", i)[0]) for i in indices)
        else:
            pixels = load_dataset(name, "val").images
            found = tuple(source(pixels[i]) for i in indices)
    except CnnvizError:  # the data set has been deleted
        return ()
    with _lock:
        _pictures[key] = found
        while len(_pictures) > _KEPT:
            _pictures.popitem(last=False)
    return found
