"""What a page that watches a training has to know, about once a second (see ``live_route``).

What grows is drawn by the browser itself, from what it is :func:`told`. The rest of the page is
drawn by Python, and only again when :func:`seen` is not what it was when it was drawn.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from cnnviz.figures.colours import class_colour
from cnnviz.runs.run import LEARNING_RATE, PAUSE, STOP, Run
from cnnviz.ui import diagnosis_box, run_words, training_controls, training_waiting
from cnnviz.ui.components.live import live
from cnnviz.ui.language import _, language
from cnnviz.ui.training_curves import growing
from cnnviz.ui.training_numbers import figures

WAITING, WORKING, RESTING, ENDED = "waiting", "working", "resting", "ended"
ADDRESS = "/api/runs/{run}/live"
_EVERY_S = {WAITING: 1.5, WORKING: 1.0, RESTING: 3.0}
_DIAGNOSIS_EVERY_S = 2.0  # milliseconds of work that rarely say anything new
_KEPT = 64

_ailments: OrderedDict[Path, tuple[float, str]] = OrderedDict()
_lock = threading.Lock()


class Seen(NamedTuple):
    """On what a page rests that Python has drawn, as short texts to compare.

    ``page`` concerns all of it, ``part`` what is below the curves, ``buttons`` those of whoever
    may change the training.
    """

    page: str
    part: str
    buttons: str


def state_of(run: Run) -> str:
    """``waiting``, ``working``, ``resting`` or ``ended``: what kind of view it needs."""
    status = run.status
    if status in ("starting", "running"):
        return WORKING
    if status in ("paused", "lost"):
        return RESTING
    return WAITING if status == "waiting" else ENDED


def seen(run: Run) -> Seen:
    """How it is right now; raises NotFound once it is deleted."""
    state, progress = state_of(run), run.progress
    if state != WORKING:
        return Seen(state, "", "")
    newest = progress.insights[-1:]
    part = [len(progress.samples), len(progress.insights), *newest, _ailing(run)]
    wishes = [w for w in (STOP, PAUSE, LEARNING_RATE) if training_controls.asked(run, w)]
    # A schedule changes the rate with every step: two digits of it are enough.
    rate = f"{progress.learning_rate or 0:.1e}"
    return Seen(state, " ".join(map(str, part)), " ".join([*wishes, rate]))


def told(run: Run) -> dict:
    """All that the browser draws, in the reader's language, and what it has to compare."""
    now, progress = seen(run), run.progress
    found: dict = dict(now._asdict(), lead="", fraction=None, step=progress.step)
    if now.page == WAITING:
        return found | {"lead": training_waiting.place(run)}
    if now.page == WORKING:
        found |= {
            "lead": training_controls.doing(run, progress),
            "fraction": round(progress.fraction, 4),
        }
    else:  # until Python has drawn what comes then
        found["lead"] = run_words.status_words(run.status).capitalize()
    shown, notes = figures(run, now.page == WORKING)
    return found | {"figures": shown, "notes": " · ".join(notes), **growing(run)}


def watch(run: Run, drawn: Seen, *, shows: str, mine: bool) -> None:
    """Let the browser look at it again and again.

    Args:
        run: to be watched.
        drawn: what the rest of the page is drawn from.
        shows: ``all``, ``lead`` (one sentence) or ``nothing`` of what it is told.
        mine: whether this person may change it: there are buttons, and nobody is before them.
    """
    live(
        address=ADDRESS.format(run=run.id),
        language=language(),
        drawn=drawn._asdict() | ({} if mine else {"buttons": None}),
        every=_EVERY_S[drawn.page],
        shows=shows,
        words={
            "loss": _("Loss"),
            "accuracy": _("Accuracy"),
            "rate": _("Learning rate"),
            "training": _("training"),
            "validation": _("validation"),
            "percent": "{n}%" if language() == "zh_CN" else "{n}\u202f%",
            "progress": _("How far it is"),
            "lost": _("The server does not answer. This page tries again and again by itself."),
        },
        validation_colour=class_colour(1),
        key=f"live-{run.id}",
    )


def _ailing(run: Run) -> str:
    """The codes of what ails it, looked for every few seconds for all who watch."""
    now = time.monotonic()
    with _lock:
        until, codes = _ailments.get(run.folder, (0.0, ""))
    if now < until:
        return codes
    found = diagnosis_box.findings(run)[: diagnosis_box.MOST]
    codes = ",".join(finding.code for finding in found)
    with _lock:
        _ailments[run.folder] = now + _DIAGNOSIS_EVERY_S, codes
        _ailments.move_to_end(run.folder)
        while len(_ailments) > _KEPT:
            _ailments.popitem(last=False)
    return codes
