"""Heatmaps as the page asks for them and draws them: one panel for each picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.explanation.catalogue import CATALOGUE, Method
from cnnviz.figures import overlays
from cnnviz.ui.heatmap_choices import Choices
from cnnviz.ui.language import _, listed
from cnnviz.ui.photo import Seen
from cnnviz.ui.pictures import is_dark, show_png, show_svg

_IN_A_ROW = 4
_KEPT = 48  # pictures, about 100 KB each: what a class looks at together
_FINE = 40 * 40  # from so many values on, a few would outshine all others


@dataclass(frozen=True)
class Panel:
    """One heatmap (h, w) float32, not normalised, and what it explains.

    ``share`` is that of the class ``target``. ``exact`` is False where ``heat`` was averaged on
    its way here. ``problem`` is the sentence why there is no heatmap (``heat`` is then empty).
    """

    method: Method
    target: int
    share: float
    heat: np.ndarray
    signed: bool = False
    layer: str | None = None
    against: int | None = None
    details: Mapping[str, float] = field(default_factory=dict)
    exact: bool = True
    problem: str = ""

    @property
    def positive(self) -> bool:
        """Whether anything spoke for the class."""
        return bool(self.heat.size) and float(np.nanmax(self.heat)) > 0

    @property
    def pixels(self) -> bool:
        """Whether it is a map of single pixels, which needs a calm ground to be seen."""
        return self.method.kind == "pixels"

    @property
    def fine(self) -> bool:
        """Whether the strongest half percent of its values share the strongest colour."""
        return self.pixels or self.heat.size >= _FINE

    @property
    def key(self) -> str:
        """Tells it from the others on the page."""
        layer = (self.layer or "").replace("/", "-")
        return f"{self.method.name}-{layer}-{self.target}"

    @property
    def strongest(self) -> float:
        """The value of the strongest colour on a scale of its own."""
        return overlays.strongest(self.heat, signed=self.signed, fine=self.fine)


def panels_of(answer: dict) -> list[Panel]:
    """The panels of an answer of ``heatmaps`` or ``slow_heatmaps``."""
    return [
        Panel(
            CATALOGUE[answer["method"]],
            target,
            share,
            heat,
            answer["signed"],
            answer["layer"],
            answer["against"],
            {name: values[i] for name, values in answer["details"].items()},
        )
        for i, (target, share, heat) in enumerate(
            zip(answer["targets"], answer["shares"], answer["maps"], strict=True)
        )
    ]


def panels_of_table(answer: dict, side: int) -> list[Panel]:
    """The panels of an answer of ``heatmap_table`` about one class; ``side`` is the largest one
    that the table leaves as it is."""
    return [
        Panel(
            CATALOGUE[cell["method"]],
            answer["targets"][0],
            answer["shares"][0],
            cell["maps"][0],
            cell["signed"],
            cell["layer"],
            answer["against"],
            exact=max(cell["maps"].shape[1:]) < side,
        )
        for cell in answer["cells"]
    ]


def top_of_all(panels: Sequence[Panel]) -> float | None:
    """The value of the strongest colour on one scale for all; None where nothing was found."""
    return max((panel.strongest for panel in panels), default=0.0) or None


def under(panel: Panel, base: Seen) -> np.ndarray:
    """What the heat of a panel is laid on."""
    return overlays.ground(base.photo, signed=panel.signed) if panel.pixels else base.photo


def drawn(panel: Panel, base: Seen, opacity: float, largest: float | None) -> np.ndarray:
    """The picture of a panel, (h, w, 3) uint8."""
    return overlays.overlay(
        under(panel, base),
        base.place(panel.heat),
        opacity,
        signed=panel.signed,
        largest=largest or panel.strongest or None,
    ).image


def png(panel: Panel, base: Seen, opacity: float, largest: float | None) -> bytes:
    """The same as a PNG; what one person of a class has seen is not drawn again for the next."""
    ground, heat = under(panel, base), base.place(panel.heat)
    top = largest or panel.strongest or None
    return _png(_digest(ground, heat), ground, heat, opacity, panel.signed, top)


def photo_png(base: Seen) -> bytes:
    """The image itself, at the size of the pictures beside it."""
    return _photo_png(_digest(base.photo), base.photo)


def _digest(*arrays: np.ndarray) -> str:
    """Tells arrays from others; Streamlit's own way looks at a part of the large ones only."""
    seen = hashlib.blake2b(digest_size=16)
    for array in arrays:
        seen.update(f"{array.shape} {array.dtype}".encode())
        seen.update(np.ascontiguousarray(array))
    return seen.hexdigest()


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _png(
    digest: str,
    _ground: np.ndarray,
    _heat: np.ndarray,
    opacity: float,
    signed: bool,
    largest: float | None,
) -> bytes:
    laid = overlays.overlay(_ground, _heat, opacity, signed=signed, largest=largest)
    return images.encode_png(laid.image)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _photo_png(digest: str, _photo: np.ndarray) -> bytes:
    return images.encode_png(overlays.enlarged(_photo))


def columns(count: int) -> list:
    """Places for so many pictures, in rows of equal ones; a single one does not fill the page."""
    rows = -(-count // _IN_A_ROW)
    across = -(-count // max(1, rows))
    places: list = []
    while len(places) < count:
        # From the bottom up, so that pictures stand in line also where a title needs two rows.
        line = "bottom" if count > 1 else "top"
        places += st.columns(max(2, across), gap="medium", vertical_alignment=line)
    return places


def show_forming(panels: Sequence[Panel], base: Seen, choices: Choices) -> None:
    """The pictures alone, while they form."""
    for place, panel in zip(columns(len(panels)), panels, strict=False):
        if panel.problem:  # there is nothing to draw; the page says why in the end
            continue
        with place:
            show_png(
                images.encode_png(drawn(panel, base, choices.opacity, None)),
                alt=_("The heatmap so far"),
            )


def show_scales(panels: Sequence[Panel], words: Callable[[Panel], tuple[str, str, str]]) -> None:
    """A colour scale for each meaning that colours have here.

    ``words`` names the low end, the middle and the high end of a panel's scale.
    """
    groups: dict[tuple, list[Panel]] = {}
    for panel in panels:
        if not panel.problem:
            groups.setdefault((panel.signed, *words(panel)), []).append(panel)
    for (signed, low, middle, high), group in groups.items():
        if len(groups) > 1:
            st.caption(listed(dict.fromkeys(_(panel.method.title) for panel in group)))
        show_svg(
            overlays.scale_svg(
                low,
                high,
                middle=middle,
                signed=signed,
                dark=is_dark(),
                width=420 if signed else 300,
            ),
            alt=_("Colour scale from {low} to {high}").format(low=low, high=high),
        )
