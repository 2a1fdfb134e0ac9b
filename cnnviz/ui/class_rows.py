"""Classes shown by a few of their pictures, so that a person sees which is which."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.datasets.image_references import open_image
from cnnviz.datasets.loading import load_dataset
from cnnviz.evaluation.proposing import NEAR, OPEN, ORDER, SAME
from cnnviz.figures.charts import muted
from cnnviz.figures.png import data_url
from cnnviz.ui import current
from cnnviz.ui.labelled_sets import LabelledSet
from cnnviz.ui.language import _, n_
from cnnviz.ui.pictures import is_dark
from cnnviz.ui.questions import ask

_SIDE = 52  # pixels of a picture
_SAMPLES = 2
_ORDER = ("test", "val", "train")  # where samples are looked for


def samples(chosen: LabelledSet, classes: list[int]) -> dict[int, tuple[str, ...]]:
    """Two pictures of each of these classes, as addresses that hold them."""
    return _samples(chosen.name, tuple(classes))


def folder_class(chosen: LabelledSet, i: int, pictures: tuple[str, ...]) -> None:
    """One class of a data set: pictures, name, number of images, how the proposal came about."""
    count = sum(chosen.counts(split)[i] for split in _ORDER)
    how = {
        SAME: _("same name"),
        NEAR: _("a name like it: please check"),
        ORDER: _("guessed from the order: please check"),
        OPEN: _("please choose"),
    }[chosen.proposal.how[i]]
    facts = n_("{count} image", "{count} images", count) + " · " + how
    _line(pictures, _(chosen.class_names[i]), facts)


def model_classes(opened: current.Opened, chosen: LabelledSet, names: list[str]) -> None:
    """For a model whose classes are only numbered: the images that it puts into each."""
    split = next(s for s in _ORDER if sum(chosen.counts(s)))
    answer = ask(
        "class_examples",
        model=opened.reference,
        dataset=chosen.name,
        split=split,
        waiting=_("The network sorts some of your images …"),
    )
    with st.expander(_("What the network calls its classes"), expanded=True):
        st.markdown(
            _(
                "Beside each number are those of your images that the network puts there most "
                "surely. They are its own answers and may be wrong: go by what most of them show."
            )
        )
        for label, rows in zip(answer["classes"], answer["rows"], strict=True):
            references = [f"data:{chosen.name}/{split}/{int(row)}" for row in rows if row >= 0]
            _line([_source(open_image(r).image) for r in references], names[label], "")


@st.cache_data(max_entries=32, show_spinner=False)
def _samples(name: str, classes: tuple[int, ...]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {i: [] for i in classes}
    for split in _ORDER:
        if all(len(pictures) == _SAMPLES for pictures in found.values()):
            break
        dataset = load_dataset(name, split)
        for i, pictures in found.items():
            places = np.flatnonzero(dataset.labels == i)[: _SAMPLES - len(pictures)]
            pictures += [_source(dataset.images[place]) for place in places]
    return {i: tuple(pictures) for i, pictures in found.items()}


def _source(image: np.ndarray) -> str:
    return data_url(images.encode_png(images.fit(image, (_SIDE, _SIDE), image.shape[2], "crop")))


def _line(pictures: list[str] | tuple[str, ...], title: str, facts: str) -> None:
    shown = "".join(
        f'<img src="{escape(source)}" alt="{escape(title)}" width="{_SIDE}" height="{_SIDE}" '
        'style="border-radius:6px;image-rendering:pixelated">'
        for source in pictures
    )
    words = f'<div style="font-weight:600">{escape(title)}</div>'
    if facts:
        words += f'<div style="color:{muted(is_dark())};font-size:.9rem">{escape(facts)}</div>'
    st.html(
        '<div style="display:flex;gap:6px;align-items:center;flex-wrap:wrap">'
        f'{shown}<div style="margin-left:6px;overflow-wrap:anywhere">{words}</div></div>'
    )
