"""Watch a finished training again, as quickly as one likes: it plays in the browser."""

from __future__ import annotations

import threading
from collections import OrderedDict

import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.figures.colours import class_colour
from cnnviz.models.references import ModelReference
from cnnviz.runs.run import Run
from cnnviz.ui import address, training_film, training_moments
from cnnviz.ui.components.film import film
from cnnviz.ui.language import _, language

_KEPT = 24  # films in memory

_films: OrderedDict[tuple, dict] = OrderedDict()
_lock = threading.Lock()


def watch_again(run: Run) -> bool:
    """A button that turns an ended training into its film, and the film; whether it is shown."""
    if len(run.progress.training.steps) < 2:
        return False
    playing = address.value("replay", "", valid=("", "1")) == "1"
    st.button(
        _("Close the replay") if playing else _("Watch it learn again"),
        key="replay-training",
        icon=":material/close:" if playing else ":material/replay:",
        on_click=address.choose,
        args=("replay", None if playing else "1"),
    )
    return playing and player(run.reference)


def player(reference: str) -> bool:
    """The film of a run or a shipped model; False where there is none."""
    parsed = ModelReference.parse(reference)
    try:
        data = _film(parsed)
    except CnnvizError:
        return False
    if data is None:
        return False
    names, pictures, truths = [], (), ()
    if parsed.kind == "run":
        run = Run(parsed.identifier)
        names = [_(name) for name in run.progress.class_names]
        pictures, truths = training_moments.sample_pictures(run), run.progress.sample_labels
    film(
        data,
        key="film",
        words=_words(),
        class_names=names,
        pictures=pictures,
        truths=truths,
        validation_colour=class_colour(1),
        label=_("A training, played again"),
    )
    return True


def _film(parsed: ModelReference) -> dict | None:
    """Made once for all who watch; again where the run has grown."""
    if parsed.kind != "run":
        return training_film.film_of(parsed)
    run = Run(parsed.identifier)
    key = (run.folder, run.progress.step, len(run.events()))
    with _lock:
        if key in _films:
            _films.move_to_end(key)
            return _films[key]
    made = training_film.film_of(parsed)
    with _lock:
        _films[key] = made
        while len(_films) > _KEPT:
            _films.popitem(last=False)
    return made


def _words() -> dict[str, str]:
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "again": _("From the start"),
        "max": _("quickest"),
        "speed": _("How many times as fast as it was"),
        "position": _("Where in the training"),
        "training": _("training"),
        "validation": _("validation"),
        "loss": _("Loss"),
        "accuracy": _("Accuracy"),
        "epoch": _("epoch"),
        "step": _("step"),
        "validationRight": _("validation images right"),
        "trainingRight": _("training images right"),
        "speedNow": _("images per second"),
        "rate": _("learning rate"),
        "samples": _("What it says about images it does not learn from: {right} of {count} right"),
        "right": _("right"),
        "is": _("is: {name}"),
        "mixups": _("What it takes for what, from the first epoch on"),
        "mixupsAfter": _("What it takes for what, after epoch {epoch}"),
        "percent": "{n}%" if language() == "zh_CN" else "{n}\u202f%",
    }
