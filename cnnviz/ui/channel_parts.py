"""Parts of a channel's card: how it responds, and which classes it fires and speaks for."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.figures.channel import response_histogram, value_bars
from cnnviz.ui import address, channel, channel_data
from cnnviz.ui.channel_data import Measured
from cnnviz.ui.language import _, percent
from cnnviz.ui.pictures import chart, is_dark

_MOST_CLASSES = 12  # bars; of more classes those with the largest values
_TOLD_APART = 3  # classes with a colour of their own in the histogram


def responses(measured: Measured, number: int) -> None:
    """The histogram of the channel's responses over the images."""
    st.markdown("##### " + _("How strongly does it respond?"))
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
        st.markdown("##### " + _("Which classes does it fire for?"))
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
        st.markdown("##### " + _("Which classes does it speak for?"))
        _contributions(measured, number)


def _contributions(measured: Measured, number: int) -> None:
    if channel.are_classes(measured.opened.card, measured.layer):
        st.markdown(_("It is the score of this class itself, before the vote is taken."))
        return
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
            highlight=[int(values[shown].argmax())],
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
