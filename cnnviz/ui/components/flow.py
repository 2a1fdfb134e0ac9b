"""Home's picture: one photo on its way through a network, every part of it a way in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnviz.ui.components.base import ignore, picture, register

_mount = register("flow")


@dataclass(frozen=True)
class Tile:
    """One feature map: ``image`` is its PNG at its own size, ``label`` is read aloud."""

    channel: int
    image: bytes
    label: str


@dataclass(frozen=True)
class Column:
    """The maps of one layer; ``caption`` stands under them, its lines parted by line breaks."""

    layer: str
    tiles: Sequence[Tile]
    caption: str


@dataclass(frozen=True)
class Answer:
    """One class of the answer; ``share`` 0–1 is the bar, ``label`` the share in words."""

    index: int
    name: str
    share: float
    label: str


def flow(
    photo: bytes,
    columns: Sequence[Column],
    heatmap: bytes,
    answers: Sequence[Answer],
    *,
    key: str,
    photo_caption: str = "",
    heatmap_caption: str = "",
    answers_caption: str = "",
    photo_label: str = "",
    heatmap_label: str = "",
) -> dict | None:
    """Draw the flow; returns what was clicked just now.

    That is ``{"kind": "photo"}``, ``{"kind": "tile", "layer": …, "channel": …}``,
    ``{"kind": "heatmap"}`` or ``{"kind": "answer", "index": …}``. Images are PNG, JPEG or WebP.
    ``photo_label`` and ``heatmap_label`` are read aloud (by default the captions).
    """
    largest = max((answer.share for answer in answers), default=1) or 1
    data = {
        "photo": {
            "src": picture(photo, f"{key}.photo"),
            "caption": photo_caption,
            "label": photo_label or photo_caption,
        },
        "columns": [
            {
                "layer": column.layer,
                "caption": column.caption.split("\n"),
                "tiles": [
                    {
                        "channel": tile.channel,
                        "src": picture(tile.image, f"{key}.{column.layer}.{tile.channel}"),
                        "label": tile.label,
                    }
                    for tile in column.tiles
                ],
            }
            for column in columns
        ],
        "heatmap": {
            "src": picture(heatmap, f"{key}.heatmap"),
            "caption": heatmap_caption,
            "label": heatmap_label or heatmap_caption,
        },
        "answers": [
            {"index": a.index, "name": a.name, "bar": a.share / largest, "label": a.label}
            for a in answers
        ],
        "answersCaption": answers_caption,
    }
    clicked = _mount(key=key, data=data, on_clicked_change=ignore).clicked
    return dict(clicked) if clicked else None
