"""All channels of a layer over a data set: which are silent, which are there for one class."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnviz.compute import defaults
from cnnviz.figures import tiles
from cnnviz.figures.channel import channel_strip
from cnnviz.models.cards import Layer
from cnnviz.spreadsheet import harmless
from cnnviz.ui import address, channel, channel_data
from cnnviz.ui.channel_data import Measured
from cnnviz.ui.components.grid import grid
from cnnviz.ui.current import Opened
from cnnviz.ui.language import _, n_, percent
from cnnviz.ui.pictures import chart, is_dark
from cnnviz.ui.plain_text import plain

_SHARES = ("dead_share", "sparsity")


def names() -> dict[str, str]:
    """The statistics by which channels can be sorted."""
    return {
        "selectivity": _("selectivity"),
        "dead_share": _("silent images"),
        "sparsity": _("sparsity"),
        "mean": _("mean"),
        "maximum": _("strongest"),
    }


def show(opened: Opened, layer: Layer) -> None:
    """The layer's channels, sorted, with what excites each of them most."""
    if not channel_data.sets_for(opened):
        st.info(
            _(
                "The images that this network learnt from are not part of cnnviz, so there is "
                "nothing to measure its channels on. A folder of your own images will do."
            )
        )
        channel_data.add_images()
        return
    measured = channel_data.measure(opened, layer)
    if measured is None:
        return
    _in_words(measured)
    by = _choices(opened)
    values = np.asarray(measured.answer[by], np.float64)
    order = np.argsort(-values, kind="stable")
    chart(
        channel_strip(
            values[order],
            order,
            title=_("{what} of each channel, largest first").format(what=names()[by]),
            channel_word=_("channel {channel}"),
            marked=measured.dead[order],
            share=by in _SHARES,
            dark=is_dark(),
        ),
        key="channel-strip",
        alt=_("{what} of each channel, largest first").format(what=names()[by]),
    )
    _tiles(measured, by, order)
    _table(measured)


def _in_words(measured: Measured) -> None:
    dead, count = int(measured.dead.sum()), len(measured.dead)
    text = _("Measured on {images}.").format(images=channel_data.searched(measured)) + " "
    if dead:
        text += n_(
            "**{count} channel is dead**: none of these images makes it positive anywhere.",
            "**{count} channels are dead**: none of these images makes them positive anywhere.",
            dead,
        )
    else:
        text += _("**No channel is dead**: each of the {count} is positive somewhere.").format(
            count=f"{count:,}"
        )
    selectivity = measured.answer["selectivity"]
    most = int(selectivity.argmax())
    if selectivity[most] > 0:
        text += " " + _(
            "The most selective one is channel {channel}, for {name} ({value})."
        ).format(
            channel=most,
            name=plain(measured.class_names[measured.favourite(most)]),
            value=f"{selectivity[most]:.2f}",
        )
    st.markdown(text)


def _choices(opened: Opened) -> str:
    words = names()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        channel_data.control(opened)
        return address.widget(
            st.pills,
            _("Sorted by"),
            list(words),
            "sorted",
            "selectivity",
            format_func=words.__getitem__,
            help=_(
                "Selectivity: from 0, the same for all classes, to 1, one class only. Silent "
                "images: the share of images in which the channel is positive nowhere. Sparsity: "
                "the share of all its values that are not positive."
            ),
        )


def _tiles(measured: Measured, by: str, order: np.ndarray) -> None:
    count, page = len(order), defaults.TILES
    start = address.number("from", 0, 0, count - 1) // page * page
    shown = [int(c) for c in order[start : start + page]]
    clicked = grid(
        tiles.image_sprite(measured.patches(shown)),
        key="overview",
        side=76,
        captions=[f"{c}\n{_value(measured, by, c)}" for c in shown],
        tooltips=[_tooltip(measured, c) for c in shown],
        dead=[bool(measured.dead[c]) for c in shown],
        label=_("What excites each channel most"),
    )
    st.caption(
        _(
            "Each tile is the piece of an image that excites the channel most; dead channels are "
            "hatched. Click one for its card."
        )
    )
    channel.paging(start, page, count, _("Places {first} to {last} of {count}"))
    if clicked is not None:
        channel.choose_channel(measured.layer, shown[clicked])
        st.switch_page("pages/filters.py")


def _value(measured: Measured, by: str, number: int) -> str:
    value = float(measured.answer[by][number])
    if by in _SHARES:
        return percent(value)
    text = f"{value:.2f}".replace("-", "−")
    if by == "selectivity" and not measured.dead[number]:
        return f"{text}\n{measured.class_names[measured.favourite(number)]}"
    return text


def _tooltip(measured: Measured, number: int) -> str:
    if measured.dead[number]:
        return _("Channel {channel}, dead").format(channel=number)
    return _("Channel {channel}, fires most for {name}").format(
        channel=number, name=measured.class_names[measured.favourite(number)]
    )


def _table(measured: Measured) -> None:
    answer = measured.answer
    with st.expander(_("All numbers as a table")):
        columns = {_("channel"): np.arange(len(measured.dead))}
        columns |= {text: answer[key] for key, text in names().items()}
        columns[_("standard deviation")] = answer["std"]
        columns[_("fires most for")] = [
            "–" if measured.dead[c] else harmless(measured.class_names[measured.favourite(c)])
            for c in range(len(measured.dead))
        ]
        st.dataframe(columns, hide_index=True, height=320)
        st.caption(
            _(
                "Mean, standard deviation and the strongest value are over all images and places. "
                "Selectivity: class selectivity index, Morcos et al., arXiv 1803.06959."
            )
        )
