"""Parts of a channel's card: the weights that make it, and the channels most like it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz import images
from cnnviz.compute import defaults
from cnnviz.figures import tiles
from cnnviz.figures.channel import value_bars
from cnnviz.models.cards import Layer
from cnnviz.ui import channel
from cnnviz.ui.channel_data import Measured
from cnnviz.ui.components.grid import grid
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _
from cnnviz.ui.pictures import chart, is_dark, show_png
from cnnviz.ui.plain_text import plain
from cnnviz.ui.questions import ask

_WINDOW = 168  # pixels of a kernel that looks at the image
_LIKE = 0.2  # below this similarity two channels have little in common


def kernel_and_neighbours(
    opened: Opened, layer: Layer, number: int, measured: Measured | None
) -> None:
    """The weights that make the channel, and the channels most like it."""
    kernel = ask(
        "channel_kernel",
        model=opened.reference,
        layer=layer.name,
        channel=number,
        waiting=_("Reading the weights …"),
    )
    left, right = st.columns(2, gap="large")
    with left:
        if kernel["slices"] is not None:
            st.markdown(f"##### {_('Its weights')}")
            _kernel(opened, kernel)
    with right:
        responding = measured is not None and measured.answer["neighbours"] is not None
        if responding and not measured.dead[number]:
            st.markdown(f"##### {_('Channels that respond alike')}")
            _neighbours(
                layer,
                measured.answer["neighbours"][number],
                measured.answer["similarity"][number],
                measured,
                "alike",
            )
            st.caption(
                _(
                    "Similarity of the responses over all images: 1 is the same, 0 is unrelated. "
                    "Each tile is what excites that channel most."
                )
            )
        if kernel["neighbours"]:
            st.markdown(f"##### {_('Channels with alike weights')}")
            _neighbours(layer, kernel["neighbours"], kernel["similarity"], measured, "weights")


def _neighbours(
    layer: Layer,
    channels: np.ndarray | list[int],
    similarity: np.ndarray | list[float],
    measured: Measured | None,
    key: str,
) -> None:
    pairs = [(int(c), float(s)) for c, s in zip(channels, similarity, strict=True) if s >= _LIKE]
    if not pairs:
        st.markdown(_("No other channel of this layer is much like it."))
        return
    channels = [c for c, _similarity in pairs]
    words = [_("channel {channel}").format(channel=c) for c in channels]
    values = [f"{s:.2f}" for _channel, s in pairs]
    if measured is None:
        with st.container(horizontal=True):
            for c, word, value in zip(channels, words, values, strict=True):
                st.button(
                    f"{word} · {value}",
                    key=f"{key}-{c}",
                    on_click=channel.choose_channel,
                    args=(layer, c),
                )
        return
    clicked = grid(
        tiles.image_sprite(measured.patches(channels)),
        key=f"neighbours-{key}",
        side=88,
        captions=[f"{w}\n{v}" for w, v in zip(words, values, strict=True)],
        dead=[bool(measured.dead[c]) for c in channels],
        label=_("Channels with alike weights")
        if key == "weights"
        else _("Channels that respond alike"),
    )
    if clicked is not None:
        channel.choose_channel(layer, channels[clicked])
        st.rerun()


def _kernel(opened: Opened, kernel: dict) -> None:
    slices, inputs = kernel["slices"], kernel["inputs"]
    source, total = kernel["input_layer"], kernel["total"]
    largest = float(np.abs(slices).max()) or 1.0
    if slices.shape[1:] == (1, 1):
        chart(
            value_bars(
                [_("channel {channel}").format(channel=i) for i in inputs],
                slices[:, 0, 0],
                dark=is_dark(),
            ),
            key="channel-weights",
            alt=_("The strongest weights of the channel"),
        )
        st.caption(_strongest(len(inputs), total, source, kernel["layer"]))
        return
    if source is None:
        _window(slices, largest)
        return
    clicked = grid(
        tiles.map_sprite(_levels(slices, largest), signed=True, dark=is_dark()),
        key="channel-kernel",
        side=76,
        captions=[str(i) for i in inputs],
        tooltips=[_("what it looks for in channel {channel}").format(channel=i) for i in inputs],
        label=_("Its weights"),
    )
    st.caption(
        _strongest(len(inputs), total, source, kernel["layer"])
        + " "
        + _("Red weights look for what is there, blue ones for its absence; one scale for all.")
    )
    known = {x.name: x for x in defaults.shown_layers(opened.card)}
    if clicked is not None and source in known:
        channel.choose_channel(known[source], inputs[clicked])
        st.rerun()


def _window(slices: np.ndarray, largest: float) -> None:
    """Weights (1 or 3, h, w) that look at the image itself, in its colours."""
    levels = _levels(slices, largest)
    if len(slices) == 3:
        data = images.encode_png(np.moveaxis(levels, 0, -1), max(1, _WINDOW // levels.shape[1]))
        text = _(
            "Grey is zero; a colour is what the window looks for, its opposite what it avoids."
        )
    else:
        data = tiles.map_png(levels[0], True, is_dark(), _WINDOW)
        text = _("Red weights look for light, blue ones for dark; the pale middle is zero.")
    show_png(data, alt=_("Its weights"), width=_WINDOW, key="channel-window")
    st.caption(text)


def _levels(slices: np.ndarray, largest: float) -> np.ndarray:
    return np.round(128 + 127 * slices / largest).astype(np.uint8)


def _strongest(count: int, total: int, source: str | None, layer: str) -> str:
    layer = plain(layer)
    if source is None:
        return _("{layer} looks at the colours of one pixel.").format(layer=layer)
    if count == total:
        return _("{layer} looks at {count} channels of {source}; strongest first.").format(
            layer=layer, count=count, source=plain(source)
        )
    return _(
        "{layer} looks at {total} channels of {source}; these are the {count} strongest."
    ).format(layer=layer, total=f"{total:,}", source=plain(source), count=count)
