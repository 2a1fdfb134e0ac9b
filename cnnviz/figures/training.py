"""What a training looks like over its steps: loss, accuracy and learning rate, with marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cnnviz.figures.charts import faint, ink, muted, plain, style
from cnnviz.figures.colours import accent, class_colour
from cnnviz.figures.downsampling import ends, extremes, smoothed

_TOPS = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)  # ends of an axis, times a power of ten


@dataclass(frozen=True)
class Mark:
    """Something that happened at a step: ``sign`` stands above its line, ``text`` on hover."""

    step: int
    sign: str
    text: str


def training_curve(
    measure: str,
    batches: dict[str, Sequence[float]],
    validation: dict[str, Sequence[float]],
    *,
    title: str,
    names: tuple[str, str] = ("training", "validation"),
    steps_title: str = "",
    total_steps: int | None = None,
    marks: Sequence[Mark] = (),
    dark: bool = False,
    height: int = 380,
) -> go.Figure:
    """One curve that grows while a network learns; two of them side by side are a training.

    ``measure`` is “loss” or “accuracy”. ``batches`` and ``validation`` have “step” and the measure,
    equally long. Training is faint per batch with a smoothed line on top; validation has markers.
    Of many batches, the smallest and largest values are drawn. ``total_steps`` fixes the horizontal
    axis, so that the curve grows into the picture.
    """
    steps = np.asarray(batches.get("step", ()), np.float64)
    values = np.asarray(batches.get(measure, ()), np.float64)
    measured = np.asarray(validation.get(measure, ()), np.float64)
    form = "%{y:.3f}" if measure == "loss" else "%{y:.1%}"
    colours = (accent(dark), class_colour(1))
    whole = total_steps or max([1.0, *steps[-1:]])
    # Values of many batches are smooth already; over more steps than this the line would lag.
    reach = max(4.0, 0.02 * whole)
    line = smoothed(values, np.exp(-np.diff(steps, prepend=0) / reach))
    shown, kept = extremes(values), ends(len(values))
    # Half of the numbers' bytes travel as float32, which counts steps exactly up to 16 million.
    figure = go.Figure()
    figure.add_scatter(
        x=steps[shown].astype(np.float32),
        y=values[shown].astype(np.float32),
        mode="lines",
        hoverinfo="skip",
        line={"color": colours[0], "width": 1},
        opacity=0.28,
    )
    figure.add_scatter(
        x=steps[kept].astype(np.float32),
        y=line[kept].astype(np.float32),
        mode="lines",
        line={"color": colours[0], "width": 3},
        hovertemplate=f"{plain(names[0])} {form}<extra></extra>",
    )
    figure.add_scatter(
        x=np.asarray(validation.get("step", ()), np.float32),
        y=measured.astype(np.float32),
        mode="lines+markers",
        line={"color": colours[1], "width": 2.5, "dash": "dot"},
        marker={"size": 10 if len(measured) <= 60 else 5, "color": colours[1]},
        hovertemplate=f"{plain(names[1])} {form}<extra></extra>",
    )
    style(figure, dark, height)
    top = loss_top(np.concatenate([values, measured])) if measure == "loss" else 1.01
    _steps_axis(figure, whole, steps_title, dark)
    figure.update_yaxes(range=[0, top], tickformat=".0%" if measure == "accuracy" else None)
    # The names of the curves stand beside the title in the curves' colours, with their signs.
    _title(
        figure,
        f"<b>{plain(title)}</b>   <span style='color:{colours[0]}'>━</span> {plain(names[0])}"
        f"   <span style='color:{colours[1]}'>●</span> {plain(names[1])}",
        dark,
    )
    _marks(figure, marks, top, dark)
    figure.update_layout(hovermode="x")
    return figure


def loss_top(values: np.ndarray) -> float:
    """Where the axis of a loss ends: a round number above all but its largest hundredth.

    The first batches may be far off and must not flatten the rest. A round number, because the
    axis of a growing curve must not move with every batch.
    """
    high = float(np.percentile(values, 99)) if len(values) else 0.0
    if high <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(high))
    return next((t * unit for t in _TOPS if t * unit >= 1.02 * high), 12.5 * unit)


def rate_curve(
    steps: Sequence[float],
    rates: Sequence[float],
    *,
    title: str,
    total_steps: int | None = None,
    marks: Sequence[Mark] = (),
    dark: bool = False,
    height: int = 170,
) -> go.Figure:
    """The learning rate over the steps, small; logarithmic where it spans more than a factor 20."""
    at = np.asarray(steps, np.float64)
    values = np.asarray(rates, np.float64)
    shown = extremes(values)
    figure = go.Figure()
    figure.add_scatter(
        x=at[shown].astype(np.float32),
        y=values[shown].astype(np.float32),
        mode="lines",
        line={"color": accent(dark), "width": 2.5, "shape": "hv"},
        hovertemplate="%{y:.3g}<extra></extra>",
    )
    style(figure, dark, height)
    _steps_axis(figure, total_steps or max([1.0, *at[-1:]]), "", dark)
    positive = values[values > 0]
    low, high = (positive.min(), positive.max()) if len(positive) else (0.1, 1.0)
    # A schedule that ends at nothing would stretch the axis without end.
    low = max(low, high / 1e4)
    wide = high / low > 20
    top = high * (1.6 if wide else 1.12)
    bounds = [math.log10(low / 1.6), math.log10(top)] if wide else [0, top]
    figure.update_yaxes(type="log" if wide else "linear", range=bounds, nticks=4)
    if wide:  # one label for each power of ten
        figure.update_yaxes(dtick=1, exponentformat="power")
    _title(figure, f"<b>{plain(title)}</b>", dark)
    _marks(figure, marks, top, dark, words=False)
    figure.update_layout(hovermode="x")
    return figure


def _steps_axis(figure: go.Figure, whole: float, title: str, dark: bool) -> None:
    figure.update_xaxes(
        range=[0, whole * 1.02],
        title={"text": plain(title), "font": {"size": 15, "color": muted(dark)}},
        tickformat=",d",
        nticks=6,
        showgrid=False,
    )


def _title(figure: go.Figure, text: str, dark: bool) -> None:
    figure.add_annotation(
        xref="x domain",
        yref="paper",
        x=0,
        y=1,
        yshift=14,
        text=text,
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"size": 16, "color": ink(dark)},
    )
    figure.update_layout(margin={"t": 48})


def _marks(
    figure: go.Figure, marks: Sequence[Mark], top: float, dark: bool, words: bool = True
) -> None:
    """A thin upright line for each mark, its sign above it, its text on hover."""
    for mark in marks:
        figure.add_vline(
            x=mark.step, layer="below", line={"color": faint(dark), "width": 1.5, "dash": "dash"}
        )
    if words and marks:
        figure.add_scatter(
            x=[mark.step for mark in marks],
            y=[top * 0.965] * len(marks),
            mode="text",
            text=[plain(mark.sign) for mark in marks],
            textfont={"size": 15, "color": muted(dark)},
            hovertext=[plain(mark.text) for mark in marks],
            hovertemplate="%{hovertext}<extra></extra>",
            cliponaxis=False,
        )
