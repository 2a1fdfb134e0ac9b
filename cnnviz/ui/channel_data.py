"""The images over which channels are measured, and what came out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.datasets.bundled import DATASETS
from cnnviz.datasets.class_words import class_words
from cnnviz.datasets.image_references import Picture, open_image
from cnnviz.datasets.imported import list_imported
from cnnviz.errors import Cancelled
from cnnviz.figures.channel import cut_patch
from cnnviz.models.cards import Layer
from cnnviz.ui import address
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _
from cnnviz.ui.many import data_set_control
from cnnviz.ui.owner import current_owner
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask
from cnnviz.ui.sharing import may_open

SPLIT = "train"
PATCH = 64  # pixels a side


@dataclass(frozen=True)
class Measured:
    """Answer of ``channel_statistics``, and the images it is about."""

    opened: Opened
    layer: Layer
    dataset: str
    title: str
    answer: dict

    @property
    def count(self) -> int:
        """Images measured."""
        return self.answer["images"]

    @property
    def dead(self) -> np.ndarray:
        """(c,) bool: channels that none of the images makes positive anywhere."""
        return self.answer["dead_share"] >= 1

    @property
    def class_names(self) -> list[str]:
        """The classes of the images."""
        return [_(name) for name in class_words(self.answer["class_names"])]

    def favourite(self, channel: int) -> int:
        """The class whose images the channel responds to most."""
        return int(np.nanargmax(self.answer["class_means"][channel]))

    def reference(self, channel: int, rank: int = 0) -> str:
        """The image reference of one of the images that excite a channel most."""
        return f"data:{self.dataset}/{SPLIT}/{int(self.answer['top_indices'][channel, rank])}"

    def picture(self, channel: int, rank: int = 0) -> Picture:
        return open_image(self.reference(channel, rank))

    def unit(self, channel: int, rank: int = 0) -> tuple[int, int]:
        """Row and column of the strongest response in that image."""
        row, column = self.answer["top_positions"][channel, rank]
        return int(row), int(column)

    def patches(self, channels: list[int], side: int = PATCH) -> np.ndarray:
        """(k, side, side, c) uint8: of each channel the piece of an image that excites it most."""
        card, layer = self.opened.card, self.layer
        field = layer.receptive_field if len(layer.output_shape) == 3 else None
        return np.stack(
            [
                cut_patch(images.prepare(self.picture(c).image, card), field, self.unit(c), side)
                for c in channels
            ]
        )


def sets_for(opened: Opened) -> dict[str, str]:
    """Data sets on which a model's channels can be measured, its own first: name → title.

    Their classes need not be the model's. The bundled ones that it did not learn from are left
    out: small pictures enlarged would say more about the enlarging than about the channels.
    """
    found, own = {}, opened.card.dataset
    if own is not None and may_open(own):
        found[own] = _(DATASETS[own].title) if own in DATASETS else _("its training images")
    for imported in list_imported(current_owner()):
        found[imported.reference] = imported.title
    return found


def choose(opened: Opened) -> str | None:
    """The data set in the address, else the first that suits; None where there is none."""
    sets = sets_for(opened)
    return address.value("data", next(iter(sets)), valid=sets) if sets else None


def control(opened: Opened) -> None:
    """Choose another data set, where there are several."""
    data_set_control(sets_for(opened))


def measure(opened: Opened, layer: Layer) -> Measured | None:
    """The channels of a layer over the chosen images; None without images or after “Stop”."""
    dataset = choose(opened)
    if dataset is None:
        return None
    try:
        answer = ask(
            "channel_statistics",
            model=opened.reference,
            layer=layer.name,
            dataset=dataset,
            waiting=_("Looking through the training images …"),
        )
    except Cancelled:
        return None
    return Measured(opened, layer, dataset, sets_for(opened)[dataset], answer)


def contributions(measured: Measured) -> dict | None:
    """The answer of ``channel_contributions`` for the same images; None after “Stop”."""
    try:
        return ask(
            "channel_contributions",
            model=measured.opened.reference,
            layer=measured.layer.name,
            dataset=measured.dataset,
            waiting=_("Which classes do the channels speak for?"),
        )
    except Cancelled:
        return None


def add_images() -> None:
    """The way to images on which a network without any can be measured."""
    st.page_link(
        "pages/data.py",
        label=_("Add a folder of images to measure its channels on"),
        icon=":material/create_new_folder:",
    )


def searched(measured: Measured) -> str:
    """“2,000 training images (Clothes)”."""
    return _("{count} training images ({dataset})").format(
        count=f"{measured.count:,}", dataset=plain(measured.title)
    )
