"""Parallel coordinates: one axis a setting, one line a trial, coloured by what it got right.

The axes lie below one another, so that a phone has room for their texts as well as a projector.
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
_LONGEST = 15  # letters of a text at an axis
_ROW = 92  # pixels from axis to axis
_BEHIND = {False: "rgba(255,255,255,0.78)", True: "rgba(14,17,23,0.72)"}  # texts over lines


@dataclass(frozen=True)
class Axis:
    """``ticks`` are places from 0 (left) to 1 with their texts."""

    title: str
    ticks: Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Line:
    """One trial: its place on each axis, None where it has none.

    ``share`` (0–1) is its colour, None for one without a result. ``text`` shows on hover.
    """

    places: Sequence[float | None]
    share: float | None
    text: str
    best: bool = False


def parallel(
    axes: Sequence[Axis], lines: Sequence[Line], *, best: str = "", dark: bool = False
) -> go.Figure:
    """The picture; the last axis is what is compared. ``best`` stands at the end of the best line.

    Lines run from the first axis, on top, to the last.
    """
    figure = go.Figure()
    for line in sorted(lines, key=lambda one: (one.best, one.share or -1.0)):
        figure.add_scatter(
            x=list(line.places),
            y=list(range(len(axes))),
            mode="lines+markers",
            line={
                "color": _colour(line, dark),
                "width": 6 if line.best else 3,
                "dash": "solid" if line.share is not None else "dot",
            },
            marker={"size": 14 if line.best else 9, "color": _colour(line, dark)},
            opacity=1.0 if line.best else 0.85,
            connectgaps=False,
            hovertemplate=f"{plain(line.text)}<extra></extra>",
        )
    style(figure, dark, _ROW * len(axes) + 30)
    for row, axis in enumerate(axes):
        _axis(figure, row, axis, dark)
    winner = next((line for line in lines if line.best), None)
    if best and winner and winner.places[-1] is not None:
        at = winner.places[-1]
        side = "right" if at > 0.5 else "left"
        _text(figure, at, len(axes) - 1, f"<b>{plain(best)}</b>", side, 20, accent(dark), dark, 18)
    figure.update_xaxes(visible=False, range=[-0.025, 1.025])
    figure.update_yaxes(visible=False, range=[len(axes) - 1 + 0.42, -0.42])
    figure.update_layout(hovermode="closest", margin={"t": 4, "l": 4, "r": 4, "b": 4})
    return figure


def _axis(figure: go.Figure, row: int, axis: Axis, dark: bool) -> None:
    """Its line, its title above it, its ticks below."""
    line = {"color": faint(dark), "width": 2}
    figure.add_shape(type="line", x0=0, x1=1, y0=row, y1=row, layer="below", line=line)
    title = f"<b>{short(axis.title, 40)}</b>"
    _text(figure, 0, row, title, "left", 18, ink(dark), dark)
    for at, text in axis.ticks:
        side = "left" if at < 0.02 else "right" if at > 0.98 else "center"
        _text(figure, at, row, short(text, _LONGEST), side, -19, muted(dark), dark)


def _text(
    figure: go.Figure,
    x: float,
    row: int,
    text: str,
    side: str,
    shift: int,
    colour: str,
    dark: bool,
    size: int = 16,
) -> None:
    figure.add_annotation(
        x=x,
        y=row,
        yshift=shift,
        text=text,
        showarrow=False,
        xanchor=side,
        borderpad=1,
        bgcolor=_BEHIND[dark],
        font={"size": size, "color": colour},
    )


def _colour(line: Line, dark: bool) -> str:
    """Deeper (on dark: brighter) is better; the best has the one accent colour."""
    if line.best:
        return accent(dark)
    if line.share is None:
        return muted(dark)
    table = sequential(dark)
    return hexadecimal(table[_PALEST + round(min(max(line.share, 0.0), 1.0) * (255 - _PALEST))])
