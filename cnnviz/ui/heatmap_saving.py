"""What can be taken away from the page of heatmaps: pictures, numbers, and a link to the view."""

from __future__ import annotations

import io
import re
from functools import partial
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from cnnviz import ageing, images
from cnnviz.compute import get_engine
from cnnviz.datasets.image_references import Picture
from cnnviz.figures.legend import legend_png
from cnnviz.ui import heatmap_asking, heatmap_words
from cnnviz.ui.current import Opened
from cnnviz.ui.heatmap_choices import Choices
from cnnviz.ui.heatmap_panels import Panel, under
from cnnviz.ui.language import _, n_
from cnnviz.ui.photo import Seen
from cnnviz.ui.vote_words import share_in_words


def save_buttons(
    panel: Panel,
    opened: Opened,
    picture: Picture,
    base: Seen,
    choices: Choices,
    largest: float | None,
) -> None:
    """Download the picture with its legend, or the numbers.

    Files are made when asked for, by a thread that knows no language: texts go along.
    """
    name = file_name(panel, opened)
    low, middle, high = heatmap_words.ends(panel, opened.card)
    with st.container(horizontal=True, gap="small", key=f"save-{panel.key}"):
        st.download_button(
            "PNG",
            partial(
                legend_png,
                base.photo,
                base.place(panel.heat),
                legend(panel, opened, picture, largest),
                low=low,
                middle=middle,
                high=high,
                opacity=choices.opacity,
                signed=panel.signed,
                largest=largest or panel.strongest or None,
                under=under(panel, base),
            ),
            file_name=f"{name}.png",
            mime="image/png",
            key=f"png-{panel.key}",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            help=_("The picture with its legend"),
        )
        size = opened.card.input_shape[:2]
        question = None if panel.exact else heatmap_asking.exact_question(opened, picture, panel)
        st.download_button(
            ".npy",
            partial(numbers, panel.heat, size, question),
            file_name=f"{name}.npy",
            mime="application/octet-stream",
            key=f"npy-{panel.key}",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            help=_("The numbers as they are, {height} × {width}, for NumPy").format(
                height=size[0], width=size[1]
            ),
        )


def legend(panel: Panel, opened: Opened, picture: Picture, largest: float | None) -> list[str]:
    """The lines under a picture to keep: class, share, method, layer, network, image, scale."""
    card = opened.card
    title = heatmap_words.target(panel, card)
    if panel.against is not None:
        title = _("{name} rather than {rival}").format(
            name=title, rival=_(card.class_names[panel.against])
        )
    parts = [_(panel.method.title), panel.layer]
    top = largest or panel.strongest
    scale = _("one scale for all pictures compared") if largest else _("a scale of its own")
    return [
        title,
        share_in_words(card, panel.share),
        " · ".join(part for part in parts if part),
        _("Network: {title}").format(title=_(card.title)),
        _("Image: {title}").format(title=heatmap_words.image_title(picture)),
        _("Strongest colour: {value}, {scale}").format(value=f"{top:.3g}", scale=scale),
    ]


def numbers(heat: np.ndarray, size: tuple[int, int], question: dict | None = None) -> bytes:
    """An ``.npy`` file: the map (h, w) float32 at the network's input size, not normalised.

    Enlarged bilinearly between the centres of its fields. With a ``question`` (parameters of
    ``heatmaps``) the map is asked for anew, as it is.
    """
    if question is not None:
        name = heatmap_asking.question_of(question["method"])
        heat = get_engine().answer(name, **question)["maps"][0]
    whole = images.resize(np.ascontiguousarray(heat, np.float32)[..., None], size)[..., 0]
    file = io.BytesIO()
    np.save(file, whole, allow_pickle=False)
    return file.getvalue()


def file_name(panel: Panel, opened: Opened) -> str:
    """Method, class and layer, without an ending: “grad_cam-tiger-cat-top_activation”."""
    names = opened.card.class_names
    parts = [panel.method.name, names[panel.target]]
    if panel.against is not None:
        parts += ["not", names[panel.against]]
    if panel.layer:
        parts.append(panel.layer)
    return re.sub(r"\W+", "-", "-".join(parts)).strip("-")[:120]


def share_link(opened: Opened, picture: Picture) -> None:
    """The address of exactly this view, to be copied."""
    st.markdown(_("This link shows the same view to everybody who can reach this server:"))
    st.code(link(opened, picture), language=None, wrap_lines=True)
    if picture.reference.startswith("upload:") and (days := ageing.keep_days()):
        st.caption(
            n_(
                "It shows your image to whoever has it, until nobody has opened the image for "
                "{count} day or you delete it on the page “Your things”.",
                "It shows your image to whoever has it, until nobody has opened the image for "
                "{count} days or you delete it on the page “Your things”.",
                round(days),
            )
        )


def link(opened: Opened, picture: Picture) -> str:
    """The address of this view: what was chosen, and the network and the image in any case.

    The language is left out: whoever opens the link reads their own.
    """
    chosen = {name: st.query_params[name] for name in st.query_params if name != "lang"}
    chosen |= {"model": opened.reference, "image": picture.reference}
    base = (st.context.url or "").split("?")[0].rstrip("/")
    return f"{base}?{urlencode(chosen, safe=':,@/')}"
