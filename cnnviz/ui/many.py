"""Many images at once: which labelled images go with a model, and what it says about them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.imported import list_imported
from cnnviz.evaluation.results import Evaluation
from cnnviz.models.references import ModelReference
from cnnviz.ui import address, current
from cnnviz.ui.language import _, split_names
from cnnviz.ui.model_cards import open_model
from cnnviz.ui.owner import current_owner
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask

FALLBACK = "shipped:fashion_mnist_vgg"


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
    """Data sets with exactly the model's classes in its order: name → title.

    Others could be measured only after their classes are mapped onto the model's.
    """
    names = opened.card.class_names
    found = {d.name: _(d.title) for d in DATASETS.values() if d.class_names == names}
    for imported in list_imported(current_owner()):
        if imported.class_names == names:
            found[imported.reference] = imported.title
    if opened.card.dataset in found:  # its own first
        found = {opened.card.dataset: found[opened.card.dataset], **found}
    return found


def choose() -> Labelled:
    """The current model with images to measure it on; controls where there is a choice.

    A model without labelled images of its classes is replaced by one that has them, and said so.
    """
    opened = current.model()
    sets = fitting_sets(opened)
    if not sets:
        reference = ModelReference.parse(FALLBACK)
        fallback = current.Opened(FALLBACK, reference.card)
        st.info(
            _(
                "“{model}” knows {count} classes, and there are no labelled images of exactly "
                "these classes here, so this page shows “{other}”. Add a folder with one "
                "subfolder for each class on the page “{data}”."
            ).format(
                model=plain(_(opened.card.title)),
                count=f"{len(opened.card.class_names):,}",
                other=_(fallback.card.title),
                data=_("Data"),
            ),
            icon=":material/info:",
        )
        if st.button(_("Open “{model}” on all pages").format(model=_(fallback.card.title))):
            open_model(FALLBACK)
        opened, sets = fallback, fitting_sets(fallback)
    name = address.value("data", next(iter(sets)), valid=sets)
    split = address.value("split", "test", valid=split_names())
    return Labelled(opened, name, split, sets[name])


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
    """Choose other images: the data set where several fit, and the split."""
    sets, splits = fitting_sets(labelled.opened), split_names()
    with st.container(horizontal=True):
        data_set_control(sets)
        address.widget(
            st.segmented_control,
            _("Which images"),
            list(splits),
            "split",
            "test",
            format_func=splits.__getitem__,
            help=_("Only the test images were never used while training."),
        )
