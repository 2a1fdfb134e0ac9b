"""Two models on the same images: who fixes what, and whether the difference may be chance."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.errors import CnnvizError
from cnnviz.evaluation.comparing import GROUPS, Comparison, compare, group_of
from cnnviz.evaluation.results import Evaluation
from cnnviz.figures.evaluation import group_bar
from cnnviz.models import store
from cnnviz.models.references import ModelReference
from cnnviz.ui import address, current, epochs, frame
from cnnviz.ui.evaluation_matrix import open_mistakes
from cnnviz.ui.labelled_sets import labelled_sets
from cnnviz.ui.language import _, n_, percent
from cnnviz.ui.many import Labelled
from cnnviz.ui.owner import current_owner
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.plain_text import plain

_NONE = "none"


def group_positions(
    labelled: Labelled, found: Evaluation, other: str, group: str
) -> np.ndarray | None:
    """Positions in ``found`` of the images of one of ``GROUPS`` (the address's ``show``).

    ``other`` is the reference of the second model (the address's ``other``). None where it is not
    one that can be compared here, or there is no such group.
    """
    second = _second(labelled, other)
    if second is None or group not in GROUPS:
        return None
    shared, first, right = _answers(found, second.evaluation())
    return shared[group_of(first, right, group)]


def group_titles(labelled: Labelled, other: str) -> dict[str, str]:
    """The four groups in words (plain text), with the names of both models."""
    second = _second(labelled, other)
    first = _name(labelled.opened.reference)
    name = _("the other model") if second is None else _name(second.opened.reference)
    return {
        "both_right": _("Both are right"),
        "only_first": _("Only “{model}” is right").format(model=first),
        "only_second": _("Only “{model}” is right").format(model=name),
        "both_wrong": _("Both are wrong"),
    }


def draw(labelled: Labelled, found: Evaluation) -> None:
    """A choice of the second model, the four groups, and McNemar's test in plain words."""
    candidates = _candidates(labelled)
    if not candidates:
        st.markdown(
            _(
                "There is no other model here that knows these classes. Train one, or train this "
                "one with other settings, and compare the two."
            )
        )
        return
    names = {_NONE: _("choose a model"), **candidates}
    other = address.widget(
        st.selectbox,
        _("Compare with"),
        list(names),
        "other",
        _NONE,
        format_func=names.__getitem__,
        width=460,
    )
    second = None if other == _NONE else _second(labelled, other)
    if second is None:
        return
    try:
        answers = _answers(found, second.evaluation())
    except CnnvizError as error:
        frame.show_error(error)
        return
    compared = compare(*answers[1:])
    titles = group_titles(labelled, other)
    counts = [getattr(compared, name) for name in GROUPS]
    st.markdown(f"#### {conclusion(compared, labelled, second)}")
    chart(
        group_bar([titles[name] for name in GROUPS], counts, hover=_("images"), dark=is_dark()),
        key="compare-groups",
        alt=_("How many images both, one or none of the models got right"),
    )
    st.markdown(_("Each part of the bar is a group of images. Open one to see who fixes what:"))
    with st.container(horizontal=True):
        for name, count in zip(GROUPS, counts, strict=True):
            words = f"{plain(titles[name])}: {count:,}"
            if st.button(words, key=f"group-{name}", disabled=not count):
                open_mistakes(show=name)
    st.markdown(chance_in_words(compared))


def conclusion(compared: Comparison, labelled: Labelled, second: Labelled) -> str:
    """Who is better, by how much, and whether that may be chance."""
    one, two = (plain(_name(x.opened.reference)) for x in (labelled, second))
    better, worse = (one, two) if compared.difference >= 0 else (two, one)
    places = {
        "better": better,
        "worse": worse,
        "points": f"{100 * abs(compared.difference):.1f}",
        "images": n_("{count} image", "{count} images", compared.total),
    }
    if compared.p_value < 0.05:
        return _(
            "“{better}” is better than “{worse}” by {points} percentage points on {images}, more "
            "than chance explains."
        ).format(**places)
    return _(
        "“{better}” and “{worse}” differ by {points} percentage points on {images}; that may be "
        "chance."
    ).format(**places)


def chance_in_words(compared: Comparison) -> str:
    """McNemar's exact test and the interval of the difference."""
    low, high = compared.interval
    return _(
        "**McNemar's test** looks only at the images on which the two disagree: {first} that only "
        "the first gets right, {second} that only the second does. Were both equally good, each of "
        "them would be a toss of a coin, and tosses come out at least this unevenly with "
        "probability p **{p}**. The first model's accuracy less the second's is {difference} "
        "percentage points (95 % interval: {low} to {high})."
    ).format(
        first=f"{compared.only_first:,}",
        second=f"{compared.only_second:,}",
        p=_probability(compared.p_value),
        difference=_points(compared.difference),
        low=_points(low),
        high=_points(high),
    )


def _probability(value: float) -> str:
    return "< 0.0001" if value < 1e-4 else f"= {value:.4f}" if value < 0.1 else f"= {value:.2f}"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _candidates(labelled: Labelled) -> dict[str, str]:
    """Other models that can be measured on the same images: reference → title and accuracy."""
    own = ModelReference.parse(labelled.opened.reference)
    found = {}
    for entry in store.list_models(current_owner()):
        parsed = ModelReference.parse(entry.reference)
        if parsed.base == own.base:
            continue
        if _map_of(entry.reference, entry.card, labelled) is not None:
            accuracy = entry.card.accuracy[0].value if entry.card.accuracy else None
            title = _(entry.card.title)
            found[entry.reference] = (
                title if accuracy is None else f"{title} ({percent(accuracy, 1)})"
            )
    return found | {other: _name(other) for other in epochs.other_moments(str(own))}


def _name(reference: str) -> str:
    """A model's title, with the moment of its training where it is not the finished one."""
    parsed = ModelReference.parse(reference)
    title = _(parsed.card.title)
    if str(parsed) == parsed.base:
        return title
    moment = epochs.moment_name(parsed, parsed.checkpoint)
    return _("{model}, {moment}").format(model=title, moment=moment)


def _second(labelled: Labelled, other: str) -> Labelled | None:
    """The second model with the same images; None where it cannot be measured on them."""
    try:
        parsed = ModelReference.parse(other)
        card = parsed.card
    except CnnvizError:
        return None
    found = _map_of(str(parsed), card, labelled)
    if found is None:
        return None
    opened = current.Opened(str(parsed), card)
    return Labelled(opened, labelled.dataset, labelled.split, labelled.title, *found)


def _map_of(reference: str, card: object, labelled: Labelled) -> tuple | None:
    """The class map that this model needs for these images, as a tuple of one; None where it has
    other classes, or nobody has said yet which is which."""
    if card.class_names == labelled.opened.card.class_names:
        return (labelled.class_map,)
    opened = current.Opened(reference, card)
    one = labelled_sets(opened, labelled.dataset).get(labelled.dataset)
    return (one.class_map,) if one is not None and one.ready else None


def _answers(found: Evaluation, other: Evaluation) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions in ``found`` of the images that both saw, and which of them either got right."""
    _both, first, second = np.intersect1d(
        found.indices, other.indices, assume_unique=True, return_indices=True
    )
    return (
        first,
        found.predicted[first] == found.labels[first],
        other.predicted[second] == other.labels[second],
    )
