"""Inside the layers of a training: how weights and answers spread, and channels that are silent."""

from __future__ import annotations

import threading
from collections import OrderedDict

import plotly.graph_objects as go
import streamlit as st

from cnnviz.figures.histograms import ridges
from cnnviz.runs.insights import Insight, LayerInsight
from cnnviz.runs.run import Run
from cnnviz.ui import address, training_moments
from cnnviz.ui.language import _, language, n_, percent
from cnnviz.ui.pictures import chart, is_dark

_KEPT = 48  # pairs of figures in memory
IMAGES = 64  # that each look inside is taken with

_figures: OrderedDict[tuple, tuple[go.Figure, ...]] = OrderedDict()
_lock = threading.Lock()


def draw(run: Run) -> None:
    """A fold with the histograms of one layer over time; nothing where none were kept."""
    if not any(m.label for m in training_moments.moments(run)):
        return
    with st.expander(
        _("Inside the layers: weights and answers over time"),
        icon=":material/layers:",
        key="inside",
        on_change="rerun",
    ) as fold:
        if fold.open:
            _inside(run)


def _inside(run: Run) -> None:
    kept = [m for m in training_moments.moments(run) if m.label]
    looks = {m.step: training_moments.look_inside(run, m.label) for m in kept}
    kept = [m for m in kept if looks[m.step]]
    if not kept:
        return
    newest = looks[kept[-1].step]
    layers = [x.name for x in newest.layers if x.weights or x.activations]
    if not layers:
        return
    with_samples = [m for m in training_moments.moments(run) if m.sample]
    until = with_samples[training_moments.chosen(run, with_samples)].step if with_samples else 0
    position = max((i for i, m in enumerate(kept) if m.step <= until), default=0)
    layer = address.widget(
        st.selectbox, _("Layer"), layers, "inside", layers[0], format_func=_titles(newest)
    )
    found = [_layer(looks[m.step], layer) for m in kept]
    _dead(looks[kept[position].step], found[position], kept[position].name)
    names = [m.name for m in kept]
    figures = _drawn(run, layer, found, names, position, kept[-1].step)
    for column, (key, figure, alt) in zip(
        st.columns(len(figures), gap="medium"), figures, strict=True
    ):
        with column:
            chart(figure, key=key, alt=alt)
    st.caption(
        _(
            "One line is one moment, the latest in front; the orange one is chosen by the slider "
            "above. It is high where many of the numbers lie (heights are square roots). Weights "
            "begin close together and spread while it learns. What the layer gives was looked at "
            "with {count} validation images; with a ReLU much of it is exactly 0."
        ).format(count=IMAGES)
    )


def _titles(insight: Insight) -> object:
    kinds = {x.name: x.kind for x in insight.layers}
    return lambda name: f"{name} ({kinds[name]})"


def _layer(insight: Insight, name: str) -> LayerInsight | None:
    return next((x for x in insight.layers if x.name == name), None)


def _dead(insight: Insight, layer: LayerInsight | None, moment: str) -> None:
    """How many channels never speak, here and in the whole network."""
    if layer is None:
        return
    counted = [x for x in insight.layers if x.channels]
    dead, channels = sum(x.dead for x in counted), sum(x.channels for x in counted)
    figures, words = st.columns([1, 3], gap="medium", vertical_alignment="center")
    with figures:
        st.metric(
            _("dead channels, {moment}").format(moment=moment),
            f"{layer.dead} / {layer.channels}" if layer.channels else "–",
        )
    sentences = []
    if layer.channels:
        sentences.append(
            n_(
                "{count} channel of this layer is 0 everywhere in every one of the images looked "
                "at: it does no work, and a ReLU that is always 0 does not learn any more.",
                "{count} channels of this layer are 0 everywhere in every one of the images looked "
                "at: they do no work, and a ReLU that is always 0 does not learn any more.",
                layer.dead,
            )
            if layer.dead
            else _("Every channel of this layer speaks for at least one of the images looked at.")
        )
    if layer.zeros:
        sentences.append(
            _("{percent} of what it gives is exactly 0.").format(percent=percent(layer.zeros))
        )
    if channels and len(counted) > 1:
        sentences.append(
            _("In the whole network {dead} of {channels} channels are dead.").format(
                dead=f"{dead:,}", channels=f"{channels:,}"
            )
        )
    with words:
        st.markdown(" ".join(sentences))


def _drawn(
    run: Run,
    layer: str,
    found: list[LayerInsight | None],
    names: list[str],
    position: int,
    newest: int,
) -> list[tuple[str, go.Figure, str]]:
    """Key, figure and description of the panels of a layer, made once for all who look."""
    kinds = []
    if any(x and x.weights for x in found):
        kinds.append(("weights", _("Its weights"), _("value of a weight")))
    if any(x and x.activations for x in found):
        kinds.append(("activations", _("What it gives"), _("value")))
    dark = is_dark()
    key = (run.folder, layer, newest, len(found), position, dark, language())
    with _lock:
        made = _figures.get(key)
    if made is None:
        made = tuple(
            ridges(
                [x and getattr(x, kind) for x in found],
                names,
                title=title,
                values_title=axis,
                selected=position,
                dark=dark,
                height=min(560, 240 + 22 * len(found)),
            )
            for kind, title, axis in kinds
        )
        with _lock:
            _figures[key] = made
            while len(_figures) > _KEPT:
                _figures.popitem(last=False)
    return [
        (f"inside-{kind}", figure, f"{title}, {layer}")
        for (kind, title, _axis), figure in zip(kinds, made, strict=True)
    ]
