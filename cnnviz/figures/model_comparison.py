"""Models of one task in one chart: how much is right, against how many numbers were learned."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from cnnviz.figures.charts import ink, muted, plain, style
from cnnviz.figures.colours import accent

_SIZES = {10**4: "10,000", 10**5: "100,000", 10**6: "1 M", 10**7: "10 M"}
_LINE = 16  # letters


@dataclass(frozen=True)
class Point:
    """A model: ``accuracy`` is a share (0–1), ``hover`` the lines shown when it is pointed at;
    ``ours`` are measured here and stand out. The name of another stands below its ring, or
    ``beside`` it where something else is below."""

    name: str
    parameters: int
    accuracy: float
    hover: str
    ours: bool = True
    beside: bool = False


def accuracy_by_size(
    points: Sequence[Point], *, size_title: str, accuracy_title: str, dark: bool = False
) -> go.Figure:
    """Accuracy (linear) against parameters (logarithmic); ours as discs, others as grey rings.

    Names stand at the points: of ours above where there is room, of others below or beside them.
    """
    figure = go.Figure()
    for ours in (False, True):
        shown = [p for p in points if p.ours == ours]
        figure.add_trace(
            go.Scatter(
                x=[p.parameters for p in shown],
                y=[100 * p.accuracy for p in shown],
                mode="markers+text",
                text=[_in_lines(p.name) for p in shown],
                textposition=[_place(p, shown) for p in shown],
                textfont={
                    "size": 15 if ours else 12,
                    "color": ink(dark) if ours else muted(dark),
                },
                marker={
                    "size": 16 if ours else 10,
                    "symbol": "circle" if ours else "circle-open",
                    "color": accent(dark) if ours else muted(dark),
                    "line": {"width": 2},
                },
                customdata=[plain(p.hover).replace("\n", "<br>") for p in shown],
                hovertemplate="%{customdata}<extra></extra>",
                cliponaxis=False,
            )
        )
    style(figure, dark, height=460)
    low = min((p.accuracy for p in points), default=0.8)
    figure.update_xaxes(
        type="log",
        range=[4.9, 7.35],
        tickvals=list(_SIZES),
        ticktext=list(_SIZES.values()),
        title={"text": size_title, "font": {"size": 15}},
    )
    figure.update_yaxes(
        range=[100 * low - 4, 98],
        ticksuffix=" %",
        title={"text": accuracy_title, "font": {"size": 15}},
    )
    return figure


def _place(point: Point, alike: Sequence[Point]) -> str:
    """Where a name stands; one of ours has no room above it when another of ours is near there."""
    if not point.ours:
        return "middle right" if point.beside else "bottom center"
    near = (p for p in alike if abs(math.log10(p.parameters / point.parameters)) < 0.5)
    return "bottom center" if any(p.accuracy > point.accuracy for p in near) else "top center"


def _in_lines(name: str) -> str:
    """A long name in lines of a narrow screen's measure, three at most."""
    return "<br>".join(plain(line) for line in textwrap.wrap(name, _LINE, max_lines=3))
