"""The picture on which a page draws what a network found: the photo, with what it saw framed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.datasets.image_references import Picture
from cnnviz.figures.colours import accent, rgb
from cnnviz.models.cards import Card
from cnnviz.ui.image_box import steps_of
from cnnviz.ui.language import _

LONGEST = 720  # pixels; more is not seen on a page and only travels
_DIM = 0.45  # how much of the part that the network did not see is left
_STEP_SIDE = 132


@dataclass(frozen=True)
class Seen:
    """``photo`` (h, w, 1 or 3) uint8 to draw on; ``fit`` is how it became the network's input.

    ``whole`` is False where part of the photo lies outside of what the network saw. That part is
    dimmed in ``photo``, and a thin line frames the rest.
    """

    photo: np.ndarray
    size: tuple[int, int]
    fit: str
    whole: bool

    def place(self, heat: np.ndarray) -> np.ndarray:
        """Heat at any resolution → (h, w) float32 on ``photo``; NaN where nothing was seen."""
        return images.place_back(heat, self.photo.shape, self.size, self.fit)


def seen(picture: Picture, card: Card) -> Seen:
    """The picture as heat can be laid on it.

    A drawing that was cropped and centred for a network for digits has no way back onto the sheet:
    heat lies on what the network received.
    """
    size = card.input_shape[:2]
    if steps_of(picture.image, card):
        return Seen(images.prepare(picture.image, card), size, "stretch", True)
    photo = _at_most(picture.image, LONGEST)
    outside = np.isnan(images.place_back(np.zeros(size, np.float32), photo.shape, size, card.fit))
    if not outside.any():
        return Seen(photo, size, card.fit, True)
    return Seen(_framed(photo, outside), size, card.fit, False)


def _at_most(image: np.ndarray, longest: int) -> np.ndarray:
    scale = longest / max(image.shape[:2])
    if scale >= 1:
        return image
    return images.resize(image, tuple(max(1, round(n * scale)) for n in image.shape[:2]))


def _framed(photo: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Dim what was not seen towards grey, and draw a line along its edge, on its outer side."""
    colour = photo if photo.shape[-1] == 3 else photo.repeat(3, axis=-1)
    faded = colour * _DIM + 150 * (1 - _DIM)
    result = np.where(outside[..., None], np.round(faded), colour).astype(np.uint8)
    inside = ~outside
    width = max(1, round(max(photo.shape[:2]) / 240))
    near = np.zeros_like(inside)
    for axis in (0, 1):
        for step in (-width, width):
            near |= _shifted(inside, step, axis)
    result[near & outside] = rgb(accent())
    return result


def _shifted(mask: np.ndarray, step: int, axis: int) -> np.ndarray:
    """The mask spread by ``step`` pixels along an axis, nothing coming in at the other end."""
    result = np.zeros_like(mask)
    for n in range(1, abs(step) + 1):
        source, target = [slice(None)] * 2, [slice(None)] * 2
        source[axis] = slice(None, -n) if step > 0 else slice(n, None)
        target[axis] = slice(n, None) if step > 0 else slice(None, -n)
        result[tuple(target)] |= mask[tuple(source)]
    return result


def show_steps(picture: Picture, card: Card) -> None:
    """How a drawing or photo was prepared for a network for digits, as a row of small pictures."""
    steps = steps_of(picture.image, card)
    if not steps:
        return
    st.markdown(_("How your image was prepared for this network, as its training images were:"))
    with st.container(key="crisp-steps", horizontal=True):
        for image, name in [
            (picture.image, _("your image")),
            *((step.image, _(step.name)) for step in steps),
        ]:
            small = _at_most(image, 2 * _STEP_SIDE)
            enlarge = max(1, _STEP_SIDE // max(small.shape[:2]))
            st.image(
                images.encode_png(small, enlarge),
                width=round(_STEP_SIDE * small.shape[1] / max(small.shape[:2])),
                output_format="PNG",
                caption=name,
                alt=name,
            )
