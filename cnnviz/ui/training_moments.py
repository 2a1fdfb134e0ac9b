"""The kept moments of a training: a slider, the sample images and the mix-ups of that moment."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import streamlit as st

from cnnviz.datasets.bundled import DATASETS, image_at
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import CnnvizError
from cnnviz.runs.insights import FOLDER, Insight, read_insight
from cnnviz.runs.progress import Event, Progress
from cnnviz.runs.run import Run
from cnnviz.ui import address
from cnnviz.ui.components.matrix import matrix
from cnnviz.ui.language import _, images_forms, n_, percent
from cnnviz.ui.thumbnails import Thumbnail, source, thumbnails

_KEPT = 48  # sets of sample images in memory

_pictures: OrderedDict[tuple, tuple[str, ...]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Moment:
    """A step of which something is kept: what it said about the samples, a look inside.

    ``sample`` is what it said last, at this step or before. ``label`` is that of the checkpoint
    (and the insight) of this step, where there is one.
    """

    step: int
    name: str
    sample: Event | None = None
    label: str | None = None


def moments(run: Run) -> list[Moment]:
    """All of them by step."""
    progress = run.progress
    per_epoch = max(1, progress.steps_per_epoch)
    samples = {int(e["step"]): e for e in progress.samples}
    labels = {step_of(label, per_epoch): label for label in progress.insights}
    found, said = [], None
    for step in sorted({*samples, *labels}):
        said = samples.get(step, said)
        found.append(Moment(step, _name(step, per_epoch), said, labels.get(step)))
    return found


def draw(run: Run) -> None:
    """The slider, and beside each other what the network said and mixed up at that moment."""
    progress = run.progress
    everything = moments(run)
    known = [m for m in everything if m.sample]
    if not known:
        return
    moment = known[_slider(run, known)]
    if not _confusions(everything):
        _samples(run, progress, moment)
        return
    insight = confusion_until(run, moment.step, everything)
    left, right = st.columns(2, gap="large")
    with left:
        _samples(run, progress, moment, beside=True)
    with right:
        if insight is None:
            st.markdown(_("**What it takes for what**") + " · " + _("from the first epoch on"))
        else:
            _confusion(run, progress, insight)


def samples(run: Run) -> None:
    """Nine validation images and what the network says about them now."""
    if known := [m for m in moments(run) if m.sample]:
        _samples(run, run.progress, known[-1])


def chosen(run: Run, known: list[Moment]) -> int:
    """Which of them the address names; the newest where it names none of this run's."""
    _other_run(run)
    names = [str(m.step) for m in known]
    return names.index(address.value("moment", names[-1], valid=names))


def look_inside(run: Run, label: str) -> Insight | None:
    """What was kept under a label, read once."""
    try:
        state = (run.folder / FOLDER / f"{label}.json").stat()
    except OSError:
        return None
    return _read(run.folder, label, state.st_mtime_ns)


def confusion_until(run: Run, step: int, known: list[Moment]) -> Insight | None:
    """The newest look of ``moments(run)`` with a confusion matrix, up to ``step``."""
    for moment in reversed(_confusions(known)):
        if moment.step <= step:
            found = look_inside(run, moment.label)
            if found and found.confusion:
                return found
    return None


def _confusions(known: list[Moment]) -> list[Moment]:
    """The moments at which the whole validation set may have been looked at."""
    return [m for m in known if m.label and m.label.startswith("epoch")]


@lru_cache(maxsize=1024)
def _read(folder: Path, label: str, _changed: int) -> Insight | None:
    return read_insight(folder, label)


def step_of(label: str, per_epoch: int) -> int:
    """The step after which a checkpoint of this label was kept."""
    kind, _dash, number = label.partition("-")
    return int(number) * (per_epoch if kind == "epoch" else 1)


def _name(step: int, per_epoch: int) -> str:
    if step == 0:
        return _("untrained")
    if step % per_epoch == 0:
        return _("epoch {count}").format(count=step // per_epoch)
    return _("step {count}").format(count=f"{step:,}")


def _other_run(run: Run) -> None:
    """A moment that was chosen for another run says nothing about this one."""
    last = st.session_state.get("_moment_of", run.id)
    st.session_state["_moment_of"] = run.id
    if last != run.id:
        address.choose("moment", None)


def _slider(run: Run, known: list[Moment]) -> int:
    """Go back to an earlier moment; at the end it follows the training."""
    position = chosen(run, known)
    if len(known) == 1:
        return 0
    last = len(known) - 1
    # A live part asks again by itself, with the value that the browser last saw: a slider that the
    # server moves under one identity would be taken for a slider that the person moved. So it
    # has another identity with every new moment and after every button.
    clicks = st.session_state.setdefault("_moment_clicks", 0)
    key = f"moment-{run.id}-{len(known)}-{clicks}"

    def go(to: int) -> None:
        address.choose("moment", None if to >= last else str(known[max(0, to)].step))

    def click(to: int) -> None:
        st.session_state["_moment_clicks"] = clicks + 1
        go(to)

    with st.container(horizontal=True, vertical_alignment="bottom", key="moment-row"):
        st.button(
            _("Before"),
            key="moment-before",
            icon=":material/arrow_back:",
            disabled=position == 0,
            on_click=click,
            args=(position - 1,),
        )
        st.select_slider(
            _("What it knew, moment by moment"),
            range(len(known)),
            value=position,
            key=key,
            format_func=lambda i: known[min(i, last)].name,
            on_change=lambda: go(st.session_state[key]),
            width="stretch",
        )
        st.button(
            _("After"),
            key="moment-after",
            icon=":material/arrow_forward:",
            icon_position="right",
            disabled=position == last,
            on_click=click,
            args=(position + 1,),
        )
    return position


def _samples(run: Run, progress: Progress, moment: Moment, beside: bool = False) -> None:
    """The images and its votes; ``beside`` something else there is room for three a row."""
    sample = moment.sample
    names = [_(name) for name in progress.class_names]
    shown = []
    for picture, truth, shares in zip(
        sample_pictures(run), sample["labels"], sample["probabilities"], strict=False
    ):
        answer = max(range(len(shares)), key=shares.__getitem__)
        right = answer == truth
        shown.append(
            Thumbnail(
                picture,
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
            if not sample["step"]
            else _("after step {step}").format(step=f"{sample['step']:,}")
        )
        + " · "
        + _("{right} of {count} right").format(right=right, count=len(shown))
    )
    thumbnails(shown, columns=3 if beside else None)


def _confusion(run: Run, progress: Progress, insight: Insight) -> None:
    """What it takes for what; a click opens the images of a cell, as the network saw them then."""
    cells = np.asarray(insight.confusion)
    names = [_(name) for name in progress.class_names]
    st.markdown(
        _("**What it takes for what**")
        + " · "
        + _("after epoch {epoch}").format(epoch=insight.epoch)
        + " · "
        + n_("{count} validation image", "{count} validation images", int(cells.sum()))
        + " · "
        + _("{percent} right").format(percent=percent(np.trace(cells) / max(1, cells.sum()), 1))
    )
    openable = run.config.get("dataset") in DATASETS and any(
        c.label == insight.label for c in run.checkpoints
    )
    clicked = matrix(
        cells,
        names,
        key="moment-confusion",
        error_sentence=_("{images} of “{true}” called “{predicted}”."),
        right_sentence=_("{images} of “{true}” recognised."),
        images=images_forms(),
        true_title=_("is"),
        predicted_title=_("called"),
        hint=_("Point at a cell to read it, click it to see its images.")
        if openable
        else _("Point at a cell to read it."),
    )
    if clicked is not None and openable:
        true, predicted = clicked
        choices = {
            "model": f"run:{run.id}@{insight.label}",
            "split": "val",
            "data": None,
            "true": str(true),
            "called": str(predicted),
            "at": None,
        }
        for name, value in choices.items():
            address.choose(name, value)
        st.switch_page("pages/mistakes.py")


def sample_pictures(run: Run) -> tuple[str, ...]:
    """The addresses of the sample images; none where this process cannot have them quickly.

    The complete originals come through TensorFlow, folders of the terminal's may be large.
    """
    name, indices = str(run.config.get("dataset", "")), run.progress.sample_indices
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
