"""The learning rate as a picture: how it changes over the steps, and how the loss answers to it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from cnnviz.figures.charts import faint, ink, muted, plain, style
from cnnviz.figures.colours import accent

_WIDTH, _HEIGHT, _EDGE = 320, 84, 4  # of the small picture, in pixels


def schedule_svg(rates: Sequence[float], *, dark: bool = False) -> str:
    """A small picture of the rate over all the steps, as SVG; zero is at the bottom.

    Args:
        rates: one number for each of some evenly spaced steps, none negative.
    """
    most = max([*rates, 1e-12])
    across = (_WIDTH - 2 * _EDGE) / max(1, len(rates) - 1)
    points = [
        (_EDGE + i * across, _HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * rate / most)
        for i, rate in enumerate(rates)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    ground = f"{points[-1][0]:.1f},{_HEIGHT - 1} {points[0][0]:.1f},{_HEIGHT - 1}"
    colour = accent(dark)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}">'
        f'<polygon points="{line} {ground}" fill="{colour}" opacity="0.14"/>'
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="3" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
        f'<line x1="0" y1="{_HEIGHT - 1}" x2="{_WIDTH}" y2="{_HEIGHT - 1}" '
        f'stroke="{faint(dark)}" stroke-width="2"/></svg>'
    )


def rate_curve(
    rates: Sequence[float],
    losses: Sequence[float],
    smoothed: Sequence[float],
    suggested: float | None = None,
    *,
    rate_title: str,
    loss_title: str,
    suggestion: str = "",
    dark: bool = False,
    height: int = 340,
) -> go.Figure:
    """The loss over a learning rate that grows from step to step (arXiv 1506.01186, section 3.3).

    Args:
        rates: the rate of each step, growing; drawn logarithmically.
        losses: of the step's batch.
        smoothed: the same, smoothed.
        suggested: a rate to be marked, with ``suggestion`` as its words.
    """
    figure = go.Figure()
    figure.add_scatter(
        x=list(rates),
        y=list(losses),
        mode="markers",
        marker={"size": 5, "color": faint(dark)},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=list(rates),
        y=list(smoothed),
        mode="lines",
        line={"color": accent(dark), "width": 3},
        hovertemplate="%{x:.2g}: %{y:.3f}<extra></extra>",
    )
    style(figure, dark, height)
    if suggested is not None and len(rates):
        nearest = min(range(len(rates)), key=lambda i: abs(rates[i] - suggested))
        figure.add_scatter(
            x=[suggested],
            y=[smoothed[nearest]],
            mode="markers",
            marker={"size": 15, "color": accent(dark), "line": {"color": ink(dark), "width": 2}},
            hoverinfo="skip",
        )
        figure.add_vline(x=suggested, line={"color": ink(dark), "width": 2, "dash": "dot"})
        figure.add_annotation(
            x=math.log10(suggested),  # unlike a shape's, an annotation's place is the logarithm
            y=1,
            yref="paper",
            yanchor="bottom",
            text=plain(suggestion),
            showarrow=False,
            font={"size": 17, "color": ink(dark)},
        )
    title = {"size": 15, "color": muted(dark)}
    figure.update_xaxes(
        type="log", title={"text": plain(rate_title), "font": title}, showgrid=False, dtick=1
    )
    figure.update_xaxes(exponentformat="power")
    figure.update_yaxes(title={"text": plain(loss_title), "font": title}, rangemode="tozero")
    if len(smoothed):  # the explosion at the end must not squash what comes before it
        figure.update_yaxes(range=[0, 1.15 * max(smoothed[0], min(max(smoothed), 2 * smoothed[0]))])
    return figure
