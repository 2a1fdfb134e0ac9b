"""The images nearest to one in feature space: what the network finds alike, and what that means."""

from __future__ import annotations

from collections import Counter

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.datasets.image_references import open_image
from cnnviz.figures.tiles import image_sprite
from cnnviz.ui import address, image_beside
from cnnviz.ui.answer_later import when_answered
from cnnviz.ui.components.grid import grid
from cnnviz.ui.image_subject import Subject
from cnnviz.ui.language import _, listed, n_, percent, split_names
from cnnviz.ui.plain_text import plain

_SIDE, _SHOWN = 96, 72  # pixels of a thumbnail at most, and on the page: five in a row
_UNLIKE, _EQUAL = 0.95, 1.1


def neighbours(subject: Subject) -> None:
    """Its nearest images among those of training and of its own split. The first time a data set
    is compared, the network has to look at all of it: the rest of the page does not wait."""
    st.subheader(_("What it finds alike"), anchor=False)
    if subject.card.feature_layer is None:
        st.caption(_("This network has no layer whose features could be compared."))
        return
    when_answered(
        lambda answer: _draw(subject, answer),
        "neighbours",
        key="neighbours",
        at_once="known_neighbours",
        waiting=_("The network looks at the training images …"),
        index=subject.index,
        **subject.labelled.asked,
    )


def _draw(subject: Subject, answer: dict) -> None:
    for said in leaks(subject, answer):
        st.warning(said, icon=":material/content_copy:")
    st.markdown(" ".join(in_words(subject, answer)))
    true, rival = (subject.shown(answer[f"{which}_class"]) for which in ("true", "rival"))
    split = split_names()[subject.labelled.split]
    with st.grid(2, min_column_width=280, gap="medium"):
        _group(subject, answer, "training", _("Nearest training images"))
        _group(subject, answer, "split", _("Nearest {split} images").format(split=split))
        for which, name in (("true", true), ("rival", rival)):
            if not np.array_equal(answer[which]["indices"], answer["training"]["indices"]):
                title = _("Nearest training images of “{name}”").format(name=name)
                _group(subject, answer, which, title)
    st.caption(
        _(
            "Near means that the channels of the layer {layer} respond alike (cosine distance of "
            "its features). Click an image to see it beside this one."
        ).format(layer=plain(answer["layer"]))
    )
    image_beside.show(subject)


def leaks(subject: Subject, answer: dict) -> list[str]:
    """What to say where the very same image was in training."""
    if len(answer["same"]) == 0:
        return []
    said = _("The very same image is among the training images.")
    other = next((c for c in answer["same_labels"] if c != subject.true), None)
    if other is not None:
        name = subject.shown(int(other))
        return [said + " " + _("There it is called “{name}”.").format(name=name)]
    return [
        said
        + " "
        + _("The network may know it by heart, so its answer says little about new images.")
    ]


def in_words(subject: Subject, answer: dict) -> list[str]:
    """What the neighbours come to, in sentences (Markdown)."""
    near = answer["training"]
    if len(near["labels"]) == 0:
        return [_("There is no training image to compare it with.")]
    counts = Counter(near["labels"].tolist()).most_common()
    kinds = [_("{count} × “{name}”").format(count=n, name=subject.shown(c)) for c, n in counts]
    said = [
        n_(
            "**Its nearest training image:**",
            "**Its {count} nearest training images:**",
            len(near["labels"]),
        )
        + " "
        + listed(kinds)
        + _(".")
    ]
    said += _held_together(subject, answer)
    said += _not_learnt(subject, answer["true"])
    share = answer["farther_than"]
    if share >= _UNLIKE:
        said.append(
            _(
                "{share} of the {split} images are nearer to something in training: it is unlike "
                "what the network learnt from."
            ).format(share=percent(share), split=split_names()[subject.labelled.split])
        )
    return said


def _held_together(subject: Subject, answer: dict) -> list[str]:
    """The nearest of the true class against the nearest of the other one."""
    firsts = {}
    for which in ("true", "rival"):
        if answer[f"rank_{which}"] is None:
            name = subject.shown(answer[f"{which}_class"])
            return [_("There is no training image of “{name}”.").format(name=name)]
        firsts[which] = float(answer[which]["distances"][0])
    nearer, farther = sorted(firsts, key=firsts.__getitem__)
    names = {
        "near": subject.shown(answer[f"{nearer}_class"]),
        "far": subject.shown(answer[f"{farther}_class"]),
    }
    ratio = firsts[farther] / max(firsts[nearer], 1e-6)
    if ratio < _EQUAL:
        return [
            _("The nearest “{near}” and the nearest “{far}” are equally far away.").format(**names)
        ]
    times = (
        _("more than ten times") if ratio >= 10 else _("{ratio} times").format(ratio=f"{ratio:.1f}")
    )
    between = answer[f"rank_{farther}"] - 1
    return [
        _("The nearest “{far}” is {times} as far away as the nearest “{near}”.").format(
            times=times, **names
        ),
        n_(
            "{count} training image is nearer than it.",
            "{count} training images are nearer than it.",
            between,
        ),
    ]


def _not_learnt(subject: Subject, own: dict) -> list[str]:
    """Whether the network gets the nearest training images of the true class wrong as well."""
    wrong = int((own["called"] != own["labels"]).sum())
    if wrong < max(2, len(own["labels"]) / 2):
        return []
    return [
        _(
            "Of the {count} nearest training images of “{name}”, it calls {wrong} something else "
            "too: it has not learnt this kind of “{name}”."
        ).format(count=len(own["labels"]), wrong=wrong, name=subject.shown(subject.true))
    ]


def _group(subject: Subject, answer: dict, kind: str, title: str) -> None:
    """One row of neighbours; a click chooses the one to see beside the image."""
    found, split = answer[kind], subject.labelled.split if kind == "split" else "train"
    with st.container(gap="small"):
        st.markdown(f"**{title}**")
        if len(found["indices"]) == 0:
            st.caption(_("There is none."))
            return
        words = [
            _answer_words(subject, *pair)
            for pair in zip(found["labels"], found["called"], strict=True)
        ]
        clicked = grid(
            image_sprite(_pictures(subject, split, found["indices"])),
            key=f"near-{kind}",
            side=_SHOWN,
            captions=words,
            tooltips=[
                _("{name}, cosine distance {distance}").format(name=w, distance=f"{d:.3f}")
                for w, d in zip(words, found["distances"], strict=True)
            ],
            label=title,
        )
    if clicked is not None:
        address.choose(
            "beside", image_beside.key_of(subject, split, int(found["indices"][clicked]))
        )


def _answer_words(subject: Subject, label: int, called: int) -> str:
    if label == called:
        return subject.name(int(label))
    return _("{true} → {called}").format(
        true=subject.name(int(label)), called=subject.name(int(called))
    )


def _pictures(subject: Subject, split: str, indices: np.ndarray) -> np.ndarray:
    """Thumbnails (k, h, w, c) uint8; all images of a data set have one size."""
    dataset = subject.labelled.dataset
    pictures = [open_image(f"data:{dataset}/{split}/{i}").image for i in indices]
    scale = _SIDE / max(pictures[0].shape[:2])
    if scale >= 1:
        return np.stack(pictures)
    size = tuple(max(1, round(n * scale)) for n in pictures[0].shape[:2])
    return np.stack([images.resize(p, size) for p in pictures])
