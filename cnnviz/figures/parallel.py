"""Parallel coordinates: one axis a setting, one line a trial, coloured by what it got right.

Drawn of ordinary lines: Plotly's `Parcoords` needs WebGL, which school computers may lack, and its
lines are one pixel wide, which nobody sees from the back row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from cnnviz.figures.charts import faint, ink, muted, plain, short, style
from cnnviz.figures.colours import accent, hexadecimal, sequential

_PALEST = 70  # of 255: what is paler is not seen on the page
_LONGEST = 14  # letters of a text at an axis
_ROOM = 0.42  # of the distance to the next axis


@dataclass(frozen=True)
class Axis:
    """``ticks`` are heights from 0 to 1 with their texts."""

    title: str
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Line:
    """One trial: its height on each axis, None where it has none.

    ``share`` (0–1) is its colour, None for one without a result. ``text`` shows on hover.
    """

    heights: Sequence[float | None]
    share: float | None
    text: str
    best: bool = False


def parallel(
    axes: Sequence[Axis],
    lines: Sequence[Line],
    *,
    best: str = "",
    dark: bool = False,
    height: int = 460,
) -> go.Figure:
    """The picture; the last axis is what is compared. ``best`` names the best line at its end."""
    figure = go.Figure()
    for line in sorted(lines, key=lambda one: (one.best, one.share or -1.0)):
        figure.add_scatter(
            x=list(range(len(axes))),
            y=list(line.heights),
            mode="lines+markers",
            line={
                "color": _colour(line, dark),
                "width": 6 if line.best else 3,
                "dash": "solid" if line.share is not None else "dot",
            },
            marker={"size": 13 if line.best else 8, "color": _colour(line, dark)},
            opacity=1.0 if line.best else 0.85,
            connectgaps=False,
            hovertemplate=f"{plain(line.text)}<extra></extra>",
        )
    style(figure, dark, height)
    for place, axis in enumerate(axes):
        figure.add_shape(
            type="line", x0=place, x1=place, y0=0, y1=1, layer="below",
            line={"color": faint(dark), "width": 2},
        )  # fmt: skip
        last = place == len(axes) - 1
        for at, text in axis.ticks:
            figure.add_annotation(
                x=place,
                y=at,
                text=short(text, _LONGEST),
                showarrow=False,
                xanchor="left" if last else "right",
                xshift=12 if last else -10,
                font={"size": 16, "color": muted(dark)},
            )
        figure.add_annotation(
            x=place,
            y=1,
            yshift=26,
            text=f"<b>{short(axis.title, 22)}</b>",
            showarrow=False,
            font={"size": 16, "color": ink(dark)},
        )
    winner = next((line for line in lines if line.best), None)
    if best and winner and winner.heights[-1] is not None:
        figure.add_annotation(
            x=len(axes) - 1,
            y=winner.heights[-1],
            text=f"<b>{plain(best)}</b>",
            showarrow=False,
            xanchor="right",
            xshift=-14,
            yshift=18,
            font={"size": 18, "color": accent(dark)},
        )
    figure.update_xaxes(visible=False, range=[-_ROOM - 0.2, len(axes) - 1 + _ROOM])
    figure.update_yaxes(visible=False, range=[-0.06, 1.06])
    figure.update_layout(hovermode="closest", margin={"t": 56, "l": 4, "r": 4, "b": 4})
    return figure


def _colour(line: Line, dark: bool) -> str:
    """Deeper (on dark: brighter) is better; the best has the one accent colour."""
    if line.best:
        return accent(dark)
    if line.share is None:
        return muted(dark)
    table = sequential(dark)
    return hexadecimal(table[_PALEST + round(min(max(line.share, 0.0), 1.0) * (255 - _PALEST))])
