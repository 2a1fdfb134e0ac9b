"""Parts of a channel's card: how it responds, to which classes, its weights, its neighbours."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.compute import defaults
from cnnviz.figures import tiles
from cnnviz.figures.channel import response_histogram, value_bars
from cnnviz.models.cards import Layer
from cnnviz.ui import address, channel, channel_data
from cnnviz.ui.channel_data import Measured
from cnnviz.ui.components.grid import grid
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _, percent
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.questions import ask

_MOST_CLASSES = 12  # bars; of more classes those with the largest values
_TOLD_APART = 3  # classes with a colour of their own in the histogram
_LIKE = 0.2  # below this similarity two channels have little in common


def responses(measured: Measured, number: int) -> None:
    """The histogram of the channel's responses over the images."""
    st.markdown(f"##### {_('How strongly does it respond?')}")
    words = {"maxima": _("strongest place"), "means": _("mean of all places")}
    spatial = measured.layer.spatial
    which = "maxima"
    place = st.container()
    if spatial:
        which = address.widget(
            st.segmented_control,
            _("Response of an image"),
            list(words),
            "response",
            "maxima",
            format_func=words.__getitem__,
        )
    spread = measured.answer[which]
    counts = spread["counts"][number]
    grouped = len(counts) == len(measured.class_names) > 1
    means = np.nan_to_num(measured.answer["class_means"][number], nan=-np.inf)
    told_apart = [int(i) for i in np.argsort(-means, kind="stable")[:_TOLD_APART]]
    edges = np.linspace(spread["low"][number], spread["high"][number], counts.shape[-1] + 1)
    with place:
        chart(
            response_histogram(
                edges,
                counts,
                measured.class_names,
                told_apart=told_apart if grouped else (),
                rest=_("other classes"),
                values_title=_("response: {what}").format(what=words[which])
                if spatial
                else _("response"),
                images_title=_("images"),
                dark=is_dark(),
            ),
            key="channel-histogram",
            alt=_("How many images make the channel respond how strongly"),
        )
        text = _("Each bar counts images: the further right, the stronger the response.")
        silent = float(measured.answer["dead_share"][number])
        if silent and which == "maxima":
            text += " " + _("Not drawn: {share} of the images, in which it is silent.").format(
                share=percent(silent)
            )
        if grouped:
            text += " " + _("The three classes that excite it most have their colours.")
        st.caption(text)


def classes(measured: Measured, number: int) -> None:
    """Which classes the channel fires for, and which it speaks for."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"##### {_('Which classes does it fire for?')}")
        means = measured.answer["class_means"][number]
        shown = _largest(means)
        chart(
            value_bars(
                [measured.class_names[i] for i in shown],
                means[shown],
                classes=shown,
                highlight=[shown.index(measured.favourite(number))],
                dark=is_dark(),
            ),
            key="channel-classes",
            alt=_("The mean response of the channel to the images of each class"),
        )
        st.caption(
            _(
                "Its mean response to the images of each class. Selectivity {value}: 0 would be "
                "the same for all, 1 one class only."
            ).format(value=f"{measured.answer['selectivity'][number]:.2f}")
        )
    with right:
        st.markdown(f"##### {_('Which classes does it speak for?')}")
        _contributions(measured, number)


def _contributions(measured: Measured, number: int) -> None:
    found = channel_data.contributions(measured)
    if found is None:
        return
    values = found["contributions"][number]
    if not np.abs(values).max() > 0:
        st.info(_("It changes the score of no class: nothing after it listens to it."))
        return
    shown = _largest(np.abs(values))
    names = [_(measured.opened.card.class_names[found["classes"][i]]) for i in shown]
    chart(
        value_bars(
            names,
            values[shown],
            highlight=[shown.index(int(values.argmax()))],
            dark=is_dark(),
        ),
        key="channel-contributions",
        alt=_("What the channel adds to the score of each class, on average"),
    )
    st.caption(
        _(
            "What it adds to each class's score, on average over {count} images: red speaks for "
            "the class, blue against it."
        ).format(count=f"{found['images']:,}")
    )


def _largest(values: np.ndarray) -> list[int]:
    """The places of the largest values in their own order; all where they are few."""
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")[:_MOST_CLASSES]
    return sorted(int(i) for i in order)


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
    channels = [int(c) for c in channels]
    if max(similarity, default=0) < _LIKE:
        st.markdown(_("No other channel of this layer is much like it."))
        return
    words = [_("channel {channel}").format(channel=c) for c in channels]
    values = [f"{s:.2f}".replace("-", "−") for s in similarity]
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
    if source is None and len(slices) == 3:
        window = np.moveaxis(slices, 0, -1)[None]
        sprite = tiles.image_sprite(np.round(128 + 127 * window / largest).astype(np.uint8))
        captions = None
        text = _(
            "Grey is zero; a colour is what the window looks for, its opposite what it avoids."
        )
    else:
        shown = np.round(128 + 127 * slices / largest).astype(np.uint8)
        sprite = tiles.map_sprite(shown, signed=True, dark=is_dark())
        captions = None if source is None else [str(i) for i in inputs]
        text = _("Red weights look for what is there, blue ones for its absence; one scale.")
        if source is not None:
            text = _strongest(len(inputs), total, source, kernel["layer"]) + " " + text
    clicked = grid(
        sprite,
        key="channel-kernel",
        side=140 if len(slices) == 1 or source is None else 76,
        captions=captions,
        tooltips=None
        if source is None
        else [_("what it looks for in channel {channel}").format(channel=i) for i in inputs],
        label=_("Its weights"),
    )
    st.caption(text)
    known = {x.name: x for x in defaults.shown_layers(opened.card)}
    if clicked is not None and source in known:
        channel.choose_channel(known[source], inputs[clicked])
        st.rerun()


def _strongest(count: int, total: int, source: str | None, layer: str) -> str:
    if source is None:
        return _("The weights of layer {layer} on the image.").format(layer=layer)
    if count == total:
        return _("{layer} looks at {count} channels of {source}; strongest first.").format(
            layer=layer, count=count, source=source
        )
    return _(
        "{layer} looks at {total} channels of {source}; these are the {count} strongest."
    ).format(layer=layer, total=f"{total:,}", source=source, count=count)


def how(measured: Measured | None) -> None:
    """Definitions and sources, for those who want to know."""
    with st.expander(_("What the numbers mean")):
        text = [
            _(
                "**Weights**: the kernel of the convolution that makes this channel, each slice "
                "for one channel of the layer before. **Alike weights**: cosine of the kernels."
            )
        ]
        if measured is not None:
            text = [
                _(
                    "**Selectivity** is the class selectivity index (μmax − μ−max) / (μmax + "
                    "μ−max): μmax is the mean of the positive responses for the class that "
                    "excites the channel most, μ−max that of all other classes (Morcos et al., "
                    "arXiv 1803.06959)."
                ),
                _(
                    "**Speaks for**: gradient × activation, summed over all places and averaged "
                    "over the images, for the score before the softmax. It is how much of the "
                    "score would go if the channel were zero, to first order; exact where only "
                    "averaging and a dense layer follow (Olah et al., The Building Blocks of "
                    "Interpretability, Distill 2018)."
                ),
                _(
                    "**Respond alike**: the channels' mean responses to all images, compared by "
                    "Pearson's correlation, the cosine after the means are taken away. Without "
                    "that step all channels after a ReLU look alike, because all are positive."
                ),
                *text,
            ]
        st.markdown("\n\n".join(text))
