"""Many images at once: which labelled images go with a model, and what it says about them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cnnviz.evaluation.results import Evaluation
from cnnviz.models.references import ModelReference
from cnnviz.ui import address, class_mapping, current, lesson
from cnnviz.ui.labelled_sets import LabelledSet, labelled_sets
from cnnviz.ui.language import _, split_names
from cnnviz.ui.model_cards import open_model
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask

FALLBACK = "shipped:fashion_mnist_vgg"
_INSISTED = "_measured-all-the-same"  # in this session's state: model and data set


@dataclass(frozen=True)
class Labelled:
    """A model and labelled images to measure it on: ``dataset`` and ``split`` name them.

    ``title`` is what to call them. ``class_map`` gives the model's class for each class of the data
    set where they are not the same (None for one that the model does not know).
    """

    opened: current.Opened
    dataset: str
    split: str
    title: str
    class_map: tuple[int | None, ...] | None = None

    @property
    def class_names(self) -> list[str]:
        return [_(name) for name in self.opened.card.class_names]

    def reference(self, index: int) -> str:
        """The image reference of one of the images."""
        return f"data:{self.dataset}/{self.split}/{index}"

    @property
    def asked(self) -> dict:
        """What every question about these images is asked with: ``ask("…", **labelled.asked)``.

        Defaults are left out: the answers that were made beforehand are asked for like that.
        """
        chosen = {"model": self.opened.reference, "dataset": self.dataset}
        if self.split != "test":
            chosen["split"] = self.split
        if self.class_map is not None:
            chosen["class_map"] = list(self.class_map)
        return chosen

    def evaluation(self) -> Evaluation:
        """What the model said about all of them; asked once, then remembered."""
        waiting = _("The network looks at every image …")
        return Evaluation.from_message(ask("evaluate", waiting=waiting, **self.asked))


def fitting_sets(opened: current.Opened) -> dict[str, str]:
    """Data sets with exactly the model's classes in its order: name → title."""
    return {s.name: s.title for s in labelled_sets(opened).values() if s.fits}


def choose() -> Labelled:
    """The current model with images to measure it on; controls where there is a choice.

    Where the images' classes are not the model's, the page ends with the question which is which,
    until the person has confirmed an answer. A model without images of its classes is replaced by
    one that has some, and said so.
    """
    opened = current.model()
    wanted = address.asked_for("data") or ""
    sets = labelled_sets(opened, wanted)
    default = _default(sets)
    chosen = _asked_for(opened, sets, wanted) or default
    if chosen is None:
        opened = _instead_of(opened, sets)
        sets = {name: s for name, s in labelled_sets(opened).items() if s.fits}
        default = _default(sets)
        chosen = sets.get(wanted, default)
    elif wanted in sets and wanted != chosen.name:
        _not_shown(opened, sets[wanted], chosen)
    address.value("data", default.name if default else "", valid=(chosen.name,))
    split = _split(chosen)
    if class_mapping.is_changing(opened, chosen) or not chosen.ready:
        _set_control(opened, sets, chosen.name)
        class_mapping.draw(opened, chosen, split)
    if chosen.class_map is not None:
        with st.container(horizontal=True, vertical_alignment="center", key="class-map"):
            said = class_mapping.summary(chosen.class_map, chosen.counts(split), split)
            st.caption(said, width="content")
            st.button(
                _("Change which class is which"),
                key="change-classes",
                type="tertiary",
                on_click=class_mapping.change,
                args=(opened, chosen),
            )
    return Labelled(opened, chosen.name, split, chosen.title, chosen.class_map)


def _asked_for(
    opened: current.Opened, sets: dict[str, LabelledSet], wanted: str
) -> LabelledSet | None:
    """The data set that the person or the link names, unless it is a bundled one of quite other
    things: people look at those on the page about data, and don't want to measure on all of them.
    """
    one = sets.get(wanted)
    if one is None:
        return None
    insisted = st.session_state.get(_INSISTED) == (opened.reference, wanted)
    return one if one.ready or one.related or one.own or insisted else None


def _default(sets: dict[str, LabelledSet]) -> LabelledSet | None:
    """The first that goes with the model, else what the person brought for it."""
    ready = [s for s in sets.values() if s.fits]
    brought = [s for s in sets.values() if s.own and (s.ready or s.related)]
    return next(iter([*ready, *brought]), None)


def _split(chosen: LabelledSet) -> str:
    """The split in the address, where the data set has images in it."""
    known = chosen.known_images()
    return address.value("split", _first_split(known), valid=known)


def _first_split(known: dict[str, int]) -> str:
    return next((s for s in ("test", "val", "train") if s in known), "test")


def _measure_on(opened: current.Opened, name: str | None) -> None:
    """Choose a data set, whatever its classes are (from a button or a box)."""
    if name is None:
        return
    st.session_state[_INSISTED] = (opened.reference, name)
    address.choose("data", name)
    for about_the_old in ("at", "true", "called"):
        address.choose(about_the_old, None)


def _instead_of(opened: current.Opened, sets: dict[str, LabelledSet]) -> current.Opened:
    """A model that has labelled images here; says so, and how to bring some for this one."""
    fallback = current.Opened(FALLBACK, ModelReference.parse(FALLBACK).card)
    st.info(
        _(
            "“{model}” knows {count} classes, and there are no labelled images of these classes "
            "here, so this page shows “{other}”. Bring a folder with one subfolder for each class; "
            "their names need not be the network's."
        ).format(
            model=plain(_(opened.card.title)),
            count=f"{len(opened.card.class_names):,}",
            other=_(fallback.card.title),
        ),
        icon=":material/info:",
    )
    with st.container(horizontal=True, vertical_alignment="center", key="no-images"):
        st.page_link(
            lesson.page("data").file,
            label=_("Bring a folder"),
            icon=":material/drive_folder_upload:",
        )
        key = "measure-on"
        st.selectbox(
            _("Or measure it on"),
            list(sets),
            index=None,
            key=key,
            placeholder=_("Or measure it on …"),
            format_func=lambda name: _titles(sets)[name],
            on_change=lambda: _measure_on(opened, st.session_state[key]),
            label_visibility="collapsed",
            width=320,
        )
        if st.button(_("Open “{model}” on all pages").format(model=_(fallback.card.title))):
            open_model(FALLBACK)
    return fallback


def _not_shown(opened: current.Opened, wanted: LabelledSet, shown: LabelledSet) -> None:
    """Why the images that the person looked at before are not the ones here."""
    with st.container(horizontal=True, vertical_alignment="center", key="other-images"):
        st.caption(
            _("“{data}” are images of other things, so “{shown}” is shown.").format(
                data=plain(wanted.title), shown=plain(shown.title)
            ),
            width="content",
        )
        st.button(
            _("Measure on “{data}” all the same").format(data=plain(wanted.title)),
            key="measure-all-the-same",
            type="tertiary",
            on_click=_measure_on,
            args=(opened, wanted.name),
        )


def _titles(sets: dict[str, LabelledSet]) -> dict[str, str]:
    """Name → title, with a word on those whose classes are not the model's."""
    found = {}
    for one in sets.values():
        known = sum(c is not None for c in one.class_map or one.proposal.classes)
        if one.fits:
            found[one.name] = one.title
        elif known:
            found[one.name] = _("{title} ({known} of {all} classes)").format(
                title=one.title, known=known, all=len(one.class_names)
            )
        else:
            found[one.name] = _("{title} (other classes)").format(title=one.title)
    return found


def _set_control(opened: current.Opened, sets: dict[str, LabelledSet], name: str) -> None:
    """Choose among all data sets, those that go with the model first."""
    titles, key = _titles(sets), "choice-data"
    st.session_state[key] = name
    st.selectbox(
        _("Data set"),
        list(titles),
        key=key,
        format_func=titles.__getitem__,
        on_change=lambda: _measure_on(opened, st.session_state[key]),
        width=360,
    )


def data_set_control(sets: dict[str, str]) -> None:
    """Choose among data sets (name → title) where there are several, the first by default."""
    if len(sets) > 1:
        address.widget(
            st.selectbox,
            _("Data set"),
            list(sets),
            "data",
            next(iter(sets)),
            format_func=sets.__getitem__,
        )


def controls(labelled: Labelled) -> None:
    """Choose other images: the data set, and the split among those that it has."""
    sets = labelled_sets(labelled.opened, labelled.dataset)
    if labelled.opened.reference != current.model().reference:  # shown in another's stead
        sets = {name: s for name, s in sets.items() if s.fits}
    counts = sets[labelled.dataset].known_images()
    titles = split_names()
    with st.container(horizontal=True):
        _set_control(labelled.opened, sets, labelled.dataset)
        address.widget(
            st.segmented_control,
            _("Which images"),
            list(counts),
            "split",
            _first_split(counts),
            format_func=lambda s: _("{split} ({count})").format(
                split=titles[s], count=f"{counts[s]:,}"
            ),
            help=_("Only the test images were never used while training."),
        )
