"""Possible reasons for mistakes: a card for each, which leads to its images."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from cnnviz.datasets.image_references import open_image
from cnnviz.evaluation.results import Evaluation
from cnnviz.texts import N_
from cnnviz.ui import address
from cnnviz.ui.answer_later import when_answered
from cnnviz.ui.language import _, listed, n_
from cnnviz.ui.many import Labelled
from cnnviz.ui.mistake_list import ALL
from cnnviz.ui.plain_text import plain
from cnnviz.ui.thumbnails import source

_NONE = ""
_EXAMPLES = 3


@dataclass(frozen=True)
class _Words:
    """What a card says: an icon, a title, and what it means and what to do."""

    icon: str
    title: str
    meaning: str


_WORDS = {
    "label_error": _Words(
        "label_off",
        N_("The label may be wrong"),
        N_(
            "The network gives the label hardly any vote and is sure of another class. Look at the "
            "image: if the network is right, correct the label."
        ),
    ),
    "leak": _Words(
        "content_copy",
        N_("A copy was in training"),
        N_(
            "The network may know these by heart, so the score on them is too good. Take the "
            "copies out and measure again."
        ),
    ),
    "duplicate": _Words(
        "filter_2",
        N_("Twice among these images"),
        N_("The same image counts twice, right or wrong. Keep one of each."),
    ),
    "pair": _Words(
        "compare_arrows",
        N_("The pair it mixes up most"),
        N_(
            "One mix-up makes up this many mistakes. More images of these two classes help, or "
            "larger ones if the difference is small."
        ),
    ),
    "low_margin": _Words(
        "balance",
        N_("It could hardly decide"),
        N_("The two likeliest classes are less than 10 points of the vote apart."),
    ),
    "unlike": _Words(
        "explore",
        N_("Unlike the training images"),
        N_(
            "Nothing in training looks like these to the network. Add images of this kind to the "
            "training images."
        ),
    ),
    "dark": _Words(
        "dark_mode",
        N_("Too dark"),
        N_("Even the brightest parts are dark. Train with darker images too, or brighten these."),
    ),
    "bright": _Words(
        "light_mode",
        N_("Too bright"),
        N_("Even the darkest parts are bright. Train with brighter images too."),
    ),
    "blurred": _Words(
        "blur_on",
        N_("Blurred"),
        N_("Even the strongest edges are soft. Train with blurred images too, or leave them out."),
    ),
    "odd_size": _Words(
        "aspect_ratio",
        N_("An odd shape or size"),
        N_(
            "They came much wider, higher or smaller than the others, so much was cut off or "
            "squeezed, or they had to be enlarged."
        ),
    ),
}


def cause_names() -> dict[str, str]:
    """The titles of all causes by their keys, translated."""
    return {key: _(words.title) for key, words in _WORDS.items()}


def causes_panel(labelled: Labelled, found: Evaluation) -> np.ndarray | None:
    """Draw the possible reasons as cards; a click on one chooses it (``cause`` in the address).

    The page does not wait for them: until they are counted, progress is shown in their place.

    Returns:
        Positions in ``found`` of the images of the chosen cause, wrong ones first, then the
        strongest; None when none is chosen, or they are not counted yet.
    """
    chosen: list[np.ndarray] = []
    wrong = np.flatnonzero(found.predicted != found.labels)
    if len(wrong) == 0:
        return None
    st.subheader(_("Possible reasons"), anchor=False)

    def draw(answer: dict) -> None:
        # The same images as the evaluation: an answer about others cannot be drawn.
        if answer["images"] != len(found):
            return
        causes = {c["key"]: c for c in answer["causes"] if c["key"] in _WORDS}
        there = [c for c in causes.values() if c["count"] or (c["key"] == "leak" and c["total"])]
        there.sort(key=lambda c: -c["count"])
        key = address.value("cause", _NONE, valid=[c["key"] for c in there])
        if key != _NONE:
            chosen.append(causes[key]["positions"])
            _card(labelled, found, causes[key], len(wrong), chosen=True)
            return
        if there:
            st.markdown(_overlap(there, wrong))
            in_a_row = len(there) if len(there) <= 5 else -(-len(there) // 2)
            with st.grid(in_a_row, min_column_width=165):
                for cause in there:
                    _card(labelled, found, cause, len(wrong), chosen=False)
        _rest(causes, [c["key"] for c in there], answer["skipped"])

    when_answered(
        draw,
        "causes",
        key="causes",
        waiting=_("Looking for possible reasons …"),
        **labelled.asked,
    )
    return chosen[0] if chosen else None


def _overlap(there: list[dict], wrong: np.ndarray) -> str:
    """That reasons overlap, and how many mistakes have none (Markdown)."""
    explained = np.unique(np.concatenate([c["positions"] for c in there]))
    left = len(np.setdiff1d(wrong, explained))
    said = _("An image can have several. They are guesses: the images decide.")
    if left:
        said += " " + n_(
            "For **{count}** mistake none was found.",
            "For **{count}** mistakes none was found.",
            left,
        )
    return said


def _card(labelled: Labelled, found: Evaluation, cause: dict, wrong: int, *, chosen: bool) -> None:
    """One possible reason; the ``chosen`` one is alone and gives the way back."""
    key, words = cause["key"], _WORDS[cause["key"]]
    height = "content" if chosen else "stretch"  # cards in a row are equally high
    with st.container(border=True, key=f"cause-{key}", gap="small", height=height):
        st.markdown(f":material/{words.icon}: **{_(words.title)}**")
        st.markdown(
            _("**{count}** of {all} mistakes").format(count=f"{cause['count']:,}", all=f"{wrong:,}")
        )
        _examples(labelled, found, cause)
        st.caption(" ".join(_sentences(labelled, cause)))
        st.button(
            _("Show all reasons") if chosen else _("Show them"),
            key=f"choose-{key}",
            icon=":material/arrow_back:" if chosen else None,
            on_click=_choose,
            args=(_NONE if chosen else key, cause["count"]),
        )


def _choose(key: str, count: int) -> None:
    address.choose("cause", key or None)
    if key and not count:  # right answers only: they are not in the list of mistakes
        address.choose("show", ALL)


def _sentences(labelled: Labelled, cause: dict) -> list[str]:
    """What a reason means here (Markdown)."""
    key, details = cause["key"], cause["details"]
    said = []
    if key == "pair":
        names = [plain(labelled.class_names[details[which]]) for which in ("true", "called")]
        said.append(_("“{true}” was called “{called}”.").format(true=names[0], called=names[1]))
    said.append(_(_WORDS[key].meaning))
    if key in ("leak", "duplicate") and details["other_labels"]:
        said.append(
            n_(
                "The twin of {count} image carries another label.",
                "The twins of {count} images carry another label.",
                details["other_labels"],
            )
        )
    right = cause["total"] - cause["count"]
    if right and key != "pair":
        said.append(
            n_("{count} right answer has it too.", "{count} right answers have it too.", right)
        )
    if cause["more"] and cause["share_right"]:
        times = cause["share_wrong"] / cause["share_right"]
        said.append(
            _("It is {times} times as common among mistakes as among right answers.").format(
                times=f"{times:.1f}" if times < 10 else f"{times:.0f}"
            )
        )
    return said


def _examples(labelled: Labelled, found: Evaluation, cause: dict) -> None:
    """Its strongest images, small."""
    pictures = ""
    for position in cause["positions"][:_EXAMPLES]:
        image = open_image(labelled.reference(int(found.indices[position]))).image
        name = labelled.class_names[found.labels[position]]
        pictures += (
            f'<img src="{escape(source(image))}" alt="{escape(name)}" title="{escape(name)}" '
            'style="width:44px;height:44px;object-fit:contain;image-rendering:pixelated;'
            'border-radius:4px">'
        )
    st.html(f'<div style="display:flex;gap:6px">{pictures}</div>')


def _rest(causes: dict[str, dict], there: list[str], skipped: list[dict]) -> None:
    """What was looked for and not found, and what could not be looked for."""
    names = cause_names()
    missing = [names[key] for key in causes if key not in there]
    if missing:
        st.caption(_("Looked for, and in no mistake: {reasons}.").format(reasons=listed(missing)))
    for one in skipped:
        reasons = listed(names[key] for key in one["keys"] if key in names)
        st.caption(_("Not looked for: {reasons}.").format(reasons=reasons) + " " + _(one["reason"]))
