"""Several trainings in one chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from cnnviz.figures.charts import muted, plain, short, style
from cnnviz.figures.colours import class_colour

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")


@dataclass(frozen=True)
class Line:
    """One training: its validation accuracy (0–1) after so many ``epochs`` (parts of them too)."""

    name: str
    epochs: Sequence[float]
    accuracy: Sequence[float]


def compared_accuracy(
    lines: Sequence[Line], *, epochs_title: str, dark: bool = False, height: int = 420
) -> go.Figure:
    """Validation accuracy by epochs, so that trainings with batches of other sizes compare.

    Each has a colour and a sign of its own. The lowest quarter of the values (the first steps of
    learning) may lie below the picture, so that small differences at the end show.
    """
    figure = go.Figure()
    for position, line in enumerate(lines):
        colour = class_colour(position)
        figure.add_scatter(
            x=list(line.epochs),
            y=list(line.accuracy),
            name=short(line.name, 48),
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            marker={"size": 10, "symbol": _SYMBOLS[position % len(_SYMBOLS)], "color": colour},
            hovertemplate=f"{short(line.name, 48)} %{{y:.1%}}<extra></extra>",
        )
    style(figure, dark, height)
    values = sorted(value for line in lines for value in line.accuracy)
    low = max(0.0, values[len(values) // 4] - 0.05) if values else 0.0
    figure.update_xaxes(
        rangemode="tozero",
        title={"text": plain(epochs_title), "font": {"size": 15, "color": muted(dark)}},
        showgrid=False,
    )
    figure.update_yaxes(range=[low, min(1.01, (values[-1] if values else 1.0) + 0.02)])
    figure.update_yaxes(tickformat=".0%")
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        margin={"t": 72},
    )
    return figure
