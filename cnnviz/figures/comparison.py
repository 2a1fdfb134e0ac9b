"""Several trainings in one chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go

from cnnviz.figures.charts import ink, muted, plain, short, style
from cnnviz.figures.colours import class_colour
from cnnviz.figures.downsampling import ends, smoothed
from cnnviz.figures.training import loss_top

MOST = 8  # lines that can still be told apart
_COLOURS = (0, 1, 2, 4, 6, 9, 5, 8)  # of the classes' colours, those that stand out first
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")
_SIGNS = "●■◆▲✚✖★⬢"
_MARKERS = 14  # signs on one line: more would hide it


@dataclass(frozen=True)
class Series:
    """A measure after so many ``epochs`` (parts of them too)."""

    epochs: Sequence[float] = ()
    values: Sequence[float] = ()


@dataclass(frozen=True)
class Line:
    """One training: ``letter`` stands at the end of its line, ``name`` in the hover text."""

    letter: str
    name: str
    training: Series = field(default_factory=Series)
    validation: Series = field(default_factory=Series)


def look(position: int) -> tuple[str, str]:
    """(colour, sign) of a line, for tables and texts beside the chart."""
    return class_colour(_COLOURS[position % MOST]), _SIGNS[position % MOST]


def compared(
    measure: str,
    lines: Sequence[Line],
    *,
    names: tuple[str, str] = ("training", "validation"),
    epochs_title: str = "",
    epochs: float | None = None,
    growing: bool = False,
    dark: bool = False,
    height: int = 460,
) -> go.Figure:
    """“loss” or “accuracy” by epochs, so that trainings with batches of other sizes compare.

    Validation is thick with signs, training thin. Each training has a colour and a sign of its own,
    and its letter at the end of its line. ``epochs`` fixes the horizontal axis, so that the curves
    grow into the picture. Once they are not ``growing`` any more, the lowest values of the accuracy
    (the first steps of learning) may lie below the picture, so that small differences at the end
    show.
    """
    figure = go.Figure()
    form = "%{y:.3f}" if measure == "loss" else "%{y:.1%}"
    whole = epochs or max([1.0, *(e for line in lines for e in line.validation.epochs)])
    for position, line in enumerate(lines[:MOST]):
        colour, _sign = look(position)
        label = f"{plain(line.letter)} · {short(line.name, 48)}"
        x, y = _calm(line.training, whole)
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            line={"color": colour, "width": 1.5},
            opacity=0.65,
            hoverinfo="skip",
        )
        measured = np.asarray(line.validation.values, np.float32)
        figure.add_scatter(
            x=np.asarray(line.validation.epochs, np.float32),
            y=measured,
            name=label,
            mode="lines+markers",
            line={"color": colour, "width": 4},
            marker={
                "size": 12,
                "symbol": _SYMBOLS[position],
                "color": colour,
                "maxdisplayed": _MARKERS,
            },
            hovertemplate=f"{label} {form}<extra></extra>",
        )
    style(figure, dark, height)
    _axes(figure, whole, epochs_title, dark)
    figure.update_yaxes(range=_heights(measure, lines[:MOST], growing))
    if measure == "accuracy":
        figure.update_yaxes(tickformat=".0%")
    _letters(figure, lines[:MOST], whole, dark)
    figure.add_annotation(
        xref="x domain",
        yref="paper",
        x=0,
        y=1,
        yshift=12,
        text=f"<b>━</b> {plain(names[1])}   ─ {plain(names[0])}",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"size": 16, "color": muted(dark)},
    )
    figure.update_layout(hovermode="closest", margin={"t": 48, "r": 36})
    return figure


def _calm(series: Series, whole: float) -> tuple[np.ndarray, np.ndarray]:
    """The curve of the batches without its noise: eight of them would be a thicket."""
    x, values = np.asarray(series.epochs, np.float64), np.asarray(series.values, np.float64)
    reach = max(0.02 * whole, 1e-9)
    line = smoothed(values, np.exp(-np.diff(x, prepend=0) / reach))
    kept = ends(len(values))
    return x[kept].astype(np.float32), line[kept].astype(np.float32)


def _axes(figure: go.Figure, whole: float, title: str, dark: bool) -> None:
    figure.update_xaxes(
        range=[0, whole * 1.02],
        title={"text": plain(title), "font": {"size": 16, "color": muted(dark)}},
        tickfont={"size": 17, "color": muted(dark)},
        nticks=8,
        showgrid=False,
    )
    figure.update_yaxes(tickfont={"size": 17, "color": muted(dark)})


def _heights(measure: str, lines: Sequence[Line], growing: bool) -> tuple[float, float]:
    """Where the vertical axis begins and ends: it must not move with every epoch."""
    measured = np.array(sorted(v for line in lines for v in line.validation.values))
    if measure == "loss":
        return 0.0, loss_top(measured)
    if growing or not len(measured):
        return 0.0, 1.01
    return max(0.0, math.floor((measured[len(measured) // 4] - 0.05) * 10) / 10), 1.01


def _letters(figure: go.Figure, lines: Sequence[Line], whole: float, dark: bool) -> None:
    """Each line's letter at its end; letters of lines that end together do not overlap."""
    low, high = figure.layout.yaxis.range
    ends_at = [
        (line.validation.values[-1], line.validation.epochs[-1], position)
        for position, line in enumerate(lines)
        if line.validation.values
    ]
    step, floor = 0.055 * (high - low), -math.inf
    for value, epoch, position in sorted(ends_at):
        y = min(max(value, low), high)
        floor = y = max(y, floor + step) if epoch > 0.9 * whole else y
        figure.add_annotation(
            x=epoch,
            y=y,
            text=f"<b>{plain(lines[position].letter)}</b>",
            showarrow=False,
            xanchor="left",
            xshift=10,
            font={"size": 20, "color": look(position)[0]},
            bgcolor="rgba(0,0,0,0)",
        )
    figure.update_layout(font={"color": ink(dark)})
