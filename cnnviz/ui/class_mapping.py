"""Which class of a folder is which of the model's: proposed with pictures, confirmed by a person.

Nothing is measured before: with a wrong map every number would be wrong, and nobody would notice.
"""

from __future__ import annotations

import hashlib
from typing import NoReturn

import streamlit as st

from cnnviz.class_maps import ClassMap, write_class_map
from cnnviz.errors import CnnvizError
from cnnviz.evaluation.proposing import NEAR, OPEN, ORDER, are_numbers, nearest
from cnnviz.models.references import ModelReference
from cnnviz.ui import class_rows, current, frame
from cnnviz.ui.labelled_sets import LabelledSet
from cnnviz.ui.labels import distinct
from cnnviz.ui.language import _, listed, n_, split_names
from cnnviz.ui.owner import current_owner
from cnnviz.ui.plain_text import plain
from cnnviz.ui.sentences import in_words

NONE = -1  # stands for “none of them” in a box to choose from
_FEW = 40  # classes of a model that a box can list; of more it lists the nearest
_PER_PAGE = 20  # rows
_FOUND = 30  # classes that a search finds
_NOTED = 4  # sentences about classes that count as one
_WAITING = "_changing-classes"  # in this session's state: model and data set asked about again


def change(opened: current.Opened, chosen: LabelledSet) -> None:
    """Ask again which class is which (from a button)."""
    st.session_state[_WAITING] = _pair(opened, chosen)
    st.session_state.pop(_key(opened, chosen), None)


def is_changing(opened: current.Opened, chosen: LabelledSet) -> bool:
    """Whether the person wants to change what they confirmed."""
    return st.session_state.get(_WAITING) == _pair(opened, chosen)


def summary(class_map: ClassMap, counts: tuple[int, ...], split: str) -> str:
    """How many classes are known, and how many images of a split are left out.

    ``counts`` are the split's images by class.
    """
    known = sum(c is not None for c in class_map)
    if known == len(class_map):
        return n_(
            "The network knows your {count} class.",
            "The network knows all of your {count} classes.",
            known,
        )
    out = sum(n for n, c in zip(counts, class_map, strict=True) if c is None)
    return _(
        "This network knows {known} of your {all} classes. Left out: {out} of {count} {split} "
        "images."
    ).format(
        known=f"{known:,}",
        all=f"{len(class_map):,}",
        out=f"{out:,}",
        count=f"{sum(counts):,}",
        split=split_names()[split],
    )


def draw(opened: current.Opened, chosen: LabelledSet, split: str) -> NoReturn:
    """The table of classes and the button that confirms it; the page ends here."""
    names = [_(name) for name in opened.card.class_names]
    picked = st.session_state.setdefault(
        _key(opened, chosen), list(chosen.class_map or chosen.proposal.classes)
    )
    st.subheader(_("Which class is which?"), anchor=False)
    st.markdown(_reason(opened, chosen))
    if are_numbers(opened.card.class_names) and not all(h == "same" for h in chosen.proposal.how):
        class_rows.model_classes(opened, chosen, names)
    extra = _search(names) if len(names) > _FEW else ()
    _rows(opened, chosen, names, picked, extra)
    for sentence in merged(picked, [_(n) for n in chosen.class_names], names):
        st.markdown(sentence)
    _end(opened, chosen, tuple(picked), split)
    frame.end_here()


def merged(picked: list[int | None], folder: list[str], model: list[str]) -> list[str]:
    """Sentences about classes of the folder that count as one class of the model."""
    joined: dict[int, list[str]] = {}
    for name, place in zip(folder, picked, strict=True):
        if place is not None:
            joined.setdefault(place, []).append(_("“{name}”").format(name=plain(name)))
    several = {place: found for place, found in joined.items() if len(found) > 1}
    sentences = [
        _("{names} count as one class: “{known}”.").format(
            names=listed(found), known=plain(model[place])
        )
        for place, found in list(several.items())[:_NOTED]
    ]
    if len(several) > _NOTED:
        sentences.append(
            n_("{count} more such class.", "{count} more such classes.", len(several) - _NOTED)
        )
    return sentences


def _reason(opened: current.Opened, chosen: LabelledSet) -> str:
    how = chosen.proposal.how
    given = {"data": plain(chosen.title), "model": plain(_(opened.card.title))}
    if ORDER in how:
        return _(
            "The classes of “{model}” have no names, only numbers. Proposed is the order of the "
            "alphabet, because Keras numbers folders like that. Look at the pictures: does it fit?"
        ).format(**given)
    if not chosen.proposal.matched:
        return _(
            "No class of “{data}” has a name that “{model}” knows. Choose by hand what each one is "
            "for the network, or measure it on other images."
        ).format(**given)
    return _(
        "“{data}” and “{model}” name their classes differently, or in another order. Look at the "
        "pictures and say what each class is for the network; then it is measured."
    ).format(**given)


def _search(names: list[str]) -> tuple[int, ...]:
    """A field to look for classes of a model that has too many to list; what it found."""
    wanted = st.text_input(
        _("Look for a class of the network"),
        key="class-search",
        placeholder=_("dog, boat, cup, …"),
        max_chars=60,
        help=_("It knows {count} classes. What is found here can be chosen in every row.").format(
            count=f"{len(names):,}"
        ),
    )
    st.caption(
        _(
            "An answer counts as right only where it is exactly the class you choose: where “dog” "
            "is one breed for the network, all other breeds are mistakes."
        )
    )
    if not wanted.strip():
        return ()
    found = nearest(wanted, tuple(names), _FOUND)
    if found:
        shown = listed(plain(names[i]) for i in found)
        st.caption(_("In every row now: {names}").format(names=shown))
    else:
        st.caption(_("The network has no class of such a name."))
    return found


def _rows(
    opened: current.Opened,
    chosen: LabelledSet,
    names: list[str],
    picked: list[int | None],
    extra: tuple[int, ...],
) -> None:
    """A row for each class of the folder, those that need a person first."""
    urgent = {OPEN: 0, NEAR: 1, ORDER: 1}
    order = sorted(range(len(picked)), key=lambda i: urgent.get(chosen.proposal.how[i], 2))
    pages = -(-len(order) // _PER_PAGE)
    place, page = st.container(), 1
    if pages > 1:
        page = st.pagination(pages, key=f"{_key(opened, chosen)}-page")
    shown = order[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    pictures = class_rows.samples(chosen, shown)
    with place:
        for i in shown:
            left, right = st.columns([3, 2], vertical_alignment="center")
            with left:
                class_rows.folder_class(chosen, i, pictures[i])
            with right:
                _box(opened, chosen, i, names, picked, extra)


def _box(
    opened: current.Opened,
    chosen: LabelledSet,
    i: int,
    names: list[str],
    picked: list[int | None],
    extra: tuple[int, ...],
) -> None:
    """The box in which a class of the model is chosen for class ``i`` of the folder."""
    if len(names) <= _FEW:
        options = list(range(len(names)))
    else:
        near = nearest(_(chosen.class_names[i]), tuple(names))
        options = [c for c in (picked[i], chosen.proposal.classes[i]) if c is not None]
        options = list(dict.fromkeys([*options, *near, *extra]))
    numbered = distinct(range(len(names)), names.__getitem__)
    key = f"{_key(opened, chosen)}-{i}"
    st.session_state[key] = NONE if picked[i] is None else picked[i]

    def changed() -> None:
        place = st.session_state[key]
        picked[i] = None if place == NONE else place

    st.selectbox(
        _("What is “{name}” for the network?").format(name=plain(_(chosen.class_names[i]))),
        [*options, NONE],
        key=key,
        format_func=lambda c: _("none of them: leave it out") if c == NONE else numbered(c),
        on_change=changed,
        label_visibility="collapsed",
    )


def _end(
    opened: current.Opened, chosen: LabelledSet, picked: tuple[int | None, ...], split: str
) -> None:
    """What follows from the choices, and the buttons."""
    nothing = all(c is None for c in picked)
    if nothing:
        st.markdown(_("Choose at least one class; there is nothing to measure yet."))
    else:
        st.markdown(f"**{summary(picked, chosen.counts(split), split)}**")
    with st.container(horizontal=True):
        st.button(
            _("Yes, measure it like this"),
            key="confirm-classes",
            type="primary",
            disabled=nothing,
            on_click=_confirm,
            args=(opened, chosen, picked),
        )
        if chosen.class_map is not None:
            st.button(_("Leave it as it was"), key="keep-classes", on_click=_done)


def _confirm(opened: current.Opened, chosen: LabelledSet, picked: ClassMap) -> None:
    model = ModelReference.parse(opened.reference).base
    names = (chosen.class_names, opened.card.class_names)
    try:
        write_class_map(current_owner(), model, chosen.name, *names, picked)
    except CnnvizError as error:  # what was chosen stays chosen
        st.toast(in_words(error), icon=":material/warning:")
        return
    _done()


def _done() -> None:
    st.session_state.pop(_WAITING, None)


def _pair(opened: current.Opened, chosen: LabelledSet) -> tuple[str, str]:
    return ModelReference.parse(opened.reference).base, chosen.name


def _key(opened: current.Opened, chosen: LabelledSet) -> str:
    """Of widgets and choices about this pair."""
    digest = hashlib.sha256("\0".join(_pair(opened, chosen)).encode()).hexdigest()[:12]
    return f"class-map-{digest}"
