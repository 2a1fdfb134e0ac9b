"""A training that waits for its turn: its place, how long that may take, and something to watch."""

from __future__ import annotations

import streamlit as st

from cnnviz.models.references import ModelReference
from cnnviz.runs.run import Run, list_runs
from cnnviz.runs.turns import place_of
from cnnviz.training import slots
from cnnviz.ui import address, run_words, training_film, training_replay
from cnnviz.ui.language import _, n_
from cnnviz.ui.owner import current_owner

_MOST_OWN = 5  # of one's own trainings that are offered to watch


def place(run: Run) -> str:
    """Where in the queue it is, and when it will probably begin."""
    found = place_of(run)
    busy = sum(1 for run_id in slots.occupied().values() if run_id)
    if found.ahead <= 0 and busy < slots.slot_count():
        text = _("**There is room:** the program that trains is starting, in a few seconds.")
    elif found.ahead <= 0:
        text = _("**It is next:** it begins as soon as there is room.")
    else:
        text = "**" + _("Waiting for its turn, place {position}.").format(position=found.position)
        text += "** " + n_(
            "{count} training is before it.", "{count} trainings are before it.", found.ahead
        )
    if found.seconds:
        text += " " + _("It begins in about {time}.").format(
            time=run_words.duration(max(1, found.seconds))
        )
    return text


def meanwhile(run: Run) -> None:
    """Another training to watch until then."""
    offered = _films(run)
    if not offered:
        return
    st.subheader(_("Meanwhile, watch one that has already learned"), anchor=False)
    chosen = address.widget(
        st.selectbox,
        _("Which training"),
        list(offered),
        "film",
        next(iter(offered)),
        format_func=offered.__getitem__,
    )
    training_replay.player(chosen)


def _films(run: Run) -> dict[str, str]:
    """Reference → title: those on the same data first, one's own before the shipped ones."""
    data = run.config.get("dataset")
    found: list[tuple[bool, str, str]] = []
    own = [r for r in list_runs(current_owner())[:40] if r.id != run.id and r.outcome]
    for other in [r for r in own if len(r.progress.training.steps) > 1][:_MOST_OWN]:
        title = _("{title} (yours)").format(title=run_words.title_of(other))
        found.append((other.config.get("dataset") != data, other.reference, title))
    for name in training_film.shipped_with_films():
        reference = ModelReference("shipped", name)
        found.append((reference.card.dataset != data, str(reference), _(reference.card.title)))
    return {reference: title for _other, reference, title in sorted(found, key=lambda f: f[0])}
