"""From layer to layer: the same images at every depth, and numbers beside the impression."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.figures.map_picture import map_picture
from cnnviz.figures.space import separation
from cnnviz.images import encode_png
from cnnviz.ui import address, space_map
from cnnviz.ui.language import _, percent, split_names
from cnnviz.ui.many import Labelled
from cnnviz.ui.pictures import chart, is_dark, show_png
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask
from cnnviz.ui.space_choices import Choices


def draw(labelled: Labelled, choices: Choices) -> None:
    """A slider over the layers, the map of one, and how well each tells the classes apart."""
    chosen = {} if choices.pooling == "mean" else {"pooling": choices.pooling}
    measured = ask(
        "layer_separation", waiting=_("Asking layer after layer …"), **labelled.asked, **chosen
    )
    layers = measured["layers"]
    if len(layers) < 2:
        st.info(_("This network has only one layer before its answer, so there is no way to go."))
        return
    layer = address.widget(
        st.select_slider,
        _("From the image to the answer"),
        layers,
        "layer",
        layers[-1],
        format_func=plain,  # options of a slider are Markdown
    )
    current = layers.index(layer)
    left, right = st.columns([3, 2], gap="large")
    with right:
        _numbers(measured, current)
    with left:
        _map(labelled, choices, chosen, current)
    st.markdown(
        _(
            "{count} {split} images of {title}, evenly over the classes. Each layer has a t-SNE "
            "map of its own; it is only turned so that the images travel short ways from one layer "
            "to the next. The numbers are of the layer's features, not of the maps."
        ).format(
            count=f"{measured['count']:,}",
            split=split_names()[labelled.split],
            title=plain(labelled.title),
        )
    )


def _numbers(measured: dict, current: int) -> None:
    layers, knn = measured["layers"], measured["knn"]
    apart = float(measured["silhouette"][current])
    one, two = st.columns(2)
    one.metric(
        _("Neighbours"),
        percent(float(knn[current]), 1),
        help=_(
            "The share of images whose class is the commonest among the ten nearest others in "
            "this layer's features. A simple classifier could read the class off here so often."
        ),
    )
    two.metric(
        _("Silhouette"),
        f"{apart:.2f}" if np.isfinite(apart) else "–",
        help=_(
            "From −1 to 1: how much nearer images are to their own class than to the next one. "
            "Near 0, classes overlap; near 1, each is a tight group of its own."
        ),
    )
    chart(
        separation(
            layers,
            knn,
            measured["silhouette"],
            current=current,
            chance=measured["chance"],
            titles=(_("neighbours"), _("silhouette"), _("guessing")),
            dark=is_dark(),
        ),
        key="separation",
        alt=_("How well each layer tells the classes apart"),
    )


def _map(labelled: Labelled, choices: Choices, chosen: dict, current: int) -> None:
    place = st.empty()

    def forming(frame: dict) -> None:
        with place.container():
            st.caption(_("The map of “{layer}” forms …").format(layer=plain(frame["layer"])))
            picture = map_picture(frame["points"], frame["labels"])
            show_png(encode_png(picture), alt=_("Map of the images"))

    maps = ask(
        "layer_maps",
        waiting=_("A map of every layer …"),
        on_frame=forming,
        **labelled.asked,
        **chosen,
    )
    with place.container():
        space_map.draw(
            labelled,
            maps,
            points=maps["points"][current].astype(np.float32),
            colour=choices.colour,
            key="map-of-layers",
        )
        trust = float(maps["trustworthiness"][current])
        if np.isfinite(trust):
            st.caption(_("Trustworthiness of this map: {value}.").format(value=f"{trust:.3f}"))
