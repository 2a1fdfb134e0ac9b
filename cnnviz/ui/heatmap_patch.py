"""Cover a part of the image, and see at once what the vote is without it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.datasets.image_references import Picture
from cnnviz.errors import CnnvizError
from cnnviz.figures import overlays
from cnnviz.figures.colours import hexadecimal
from cnnviz.figures.png import enlarge_to
from cnnviz.models.cards import Card
from cnnviz.ui import address, frame, heatmap_saving
from cnnviz.ui.components.patch import Bar, Position, patch
from cnnviz.ui.current import Opened
from cnnviz.ui.heatmap_choices import Choices
from cnnviz.ui.language import _, one_language, percent
from cnnviz.ui.questions import ask

_START = Position(500, 500, 300)
_SIZES = (60, 700)
_SIDE = 448  # smaller images are enlarged to about this
_HARDLY = 0.01  # a change of the vote that is not worth a number
_NOW = "_patch_now"


def show(opened: Opened, picture: Picture, choices: Choices) -> None:
    """The image with the patch; every move of it asks the network once more."""
    st.session_state[_NOW] = chosen()
    received = enlarge_to(images.prepare(picture.image, opened.card), _SIDE)
    pictures = (images.encode_png(received), _heated(opened, picture, choices, received))
    aspect = received.shape[1] / received.shape[0]
    st.fragment(_live)(opened, picture, choices, pictures, aspect)


def chosen() -> Position:
    """The position in the address: centre and size in thousandths."""
    parts = address.value("patch", "").split(",")
    if len(parts) != 3 or not all(p.isascii() and p.isdecimal() and len(p) < 5 for p in parts):
        return _START
    row, column, size = (int(p) for p in parts)
    return Position(min(row, 1000), min(column, 1000), min(max(size, _SIZES[0]), _SIZES[1]))


def _heated(
    opened: Opened, picture: Picture, choices: Choices, received: np.ndarray
) -> bytes | None:
    """The image with what Grad-CAM says of the class, to be held against what the patch says."""
    if not opened.card.heatmap_layer:
        return None
    try:
        answer = ask(
            "heatmaps",
            model=opened.reference,
            image=picture.reference,
            targets=list(choices.classes) if choices.chosen else None,
        )
    except CnnvizError:
        return None  # the patch works for every network
    heat = answer["maps"][answer["targets"].index(choices.classes[0])]
    return images.encode_png(overlays.overlay(received, heat, choices.opacity).image)


@one_language()
def _live(
    opened: Opened,
    picture: Picture,
    choices: Choices,
    pictures: tuple[bytes, bytes | None],
    aspect: float,
) -> None:
    try:
        _draw(opened, picture, choices, pictures, aspect)
    except CnnvizError as error:
        frame.show_error(error)
    address.value("patch", "")  # a patch that rests is part of the link
    link = st.expander(
        _("Link to this view"), icon=":material/link:", key="link-box", on_change="rerun"
    )
    if link.open:
        with link:
            heatmap_saving.share_link(opened, picture)


def _draw(
    opened: Opened,
    picture: Picture,
    choices: Choices,
    pictures: tuple[bytes, bytes | None],
    aspect: float,
) -> None:
    card = opened.card
    position: Position = st.session_state[_NOW]
    answer = ask(
        "occlude",
        model=opened.reference,
        image=picture.reference,
        row=position.row,
        column=position.column,
        size=position.size,
        target=choices.classes[0],
        waiting=_("Asking the network …"),
    )
    top, left, bottom, right = answer["box"]
    covered = answer["image"][(top + bottom - 1) // 2, (left + right - 1) // 2]
    patch(
        pictures[0],
        heat=pictures[1],
        key="patch",
        aspect=aspect,
        at=position,
        answered=position,
        colour=hexadecimal(covered if len(covered) == 3 else covered.repeat(3)),
        sentence=sentence(answer, card),
        bars=_bars(answer, card),
        words={
            "label": _("The image as the network receives it"),
            "patch": _("The patch. Arrow keys move it, plus and minus change its size."),
            "size": _("Size"),
            "heat": _("Show the heatmap"),
            "before": _("the whole image"),
            "after": _("with the patch"),
            "hint": _("Drag the patch, or move it with the arrow keys (Shift: large steps)."),
        },
        sizes=_SIZES,
        on_move=_moved,
    )


def _moved(position: Position, rests: bool) -> None:
    st.session_state[_NOW] = position
    if rests:
        address.choose("patch", f"{position.row},{position.column},{position.size}")


def sentence(answer: dict, card: Card) -> str:
    """What covering that place does to the vote for the class that is explained."""
    one = next(c for c in answer["classes"] if c["index"] == answer["target"])
    name = _(card.class_names[one["index"]])
    words = {"name": name, "before": percent(one["before"]), "after": percent(one["after"])}
    if abs(one["after"] - one["before"]) < _HARDLY:
        text = _("Covering this changes almost nothing for {name}: {before} before, {after} now.")
    elif one["after"] < one["before"]:
        text = _("Covering this takes {name} from {before} down to {after}.")
    else:
        text = _("Covering this lifts {name} from {before} up to {after}.")
    said = text.format(**words)
    before, now = (max(answer["classes"], key=lambda c: c[when]) for when in ("before", "after"))
    if card.answers != "several" and now["index"] != before["index"]:
        said += " " + _("Now the network says “{name}”.").format(
            name=_(card.class_names[now["index"]])
        )
    return said


def _bars(answer: dict, card: Card) -> list[Bar]:
    return [
        Bar(
            _(card.class_names[one["index"]]),
            one["before"],
            one["after"],
            percent(one["before"]),
            percent(one["after"]),
            one["index"] == answer["target"],
        )
        for one in answer["classes"]
    ]
