"""How the numbers of a layer spread, and how that changed: one ridge a moment, the newest in front.

Each ridge is a histogram's density, drawn above a line of its own; the earliest stands at the top
and the back. Heights are square roots of densities, so that a tall peak (a ReLU's many zeros) does
not hide the rest; one scale for all ridges of a picture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cnnviz.figures.charts import faint, ink, muted, plain, short, style
from cnnviz.figures.colours import accent, class_colour, from_oklab, hexadecimal, oklab, rgb
from cnnviz.runs.insights import Histogram

POINTS = 80  # of a ridge
_TAIL = 0.002  # share of the values beyond either end of the axis
_OVERLAP = 2.6  # a ridge's greatest height in distances between two of them
_MOST_NAMES = 12


def ridges(
    histograms: Sequence[Histogram | None],
    names: Sequence[str],
    *,
    title: str,
    values_title: str = "",
    selected: int | None = None,
    dark: bool = False,
    height: int = 420,
) -> go.Figure:
    """One picture of ``histograms``, in the order of time; ``names`` are the moments'.

    Moments without a histogram are left out. ``selected`` is drawn in a colour of its own.
    """
    there = [i for i, h in enumerate(histograms) if h is not None and sum(h.counts)]
    figure = go.Figure()
    if not there:
        return style(figure, dark, height)
    low, high = span([histograms[i] for i in there])
    grid = np.linspace(low, high, POINTS)
    heights = [np.sqrt(density(histograms[i], grid)) for i in there]
    tallest = max(float(h.max()) for h in heights) or 1.0
    far, near = faint(dark), accent(dark)
    for row, (i, ridge) in enumerate(zip(there, heights, strict=True)):
        base = float(len(there) - 1 - row)
        colour = _between(far, near, row / max(1, len(there) - 1))
        if i == selected:
            colour = class_colour(1)
        red, green, blue = rgb(colour)
        figure.add_scatter(
            x=grid.astype(np.float32),
            y=np.full(POINTS, base, np.float32),
            mode="lines",
            line={"width": 0},
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=grid.astype(np.float32),
            y=(base + _OVERLAP * ridge / tallest).astype(np.float32),
            mode="lines",
            line={"color": colour, "width": 3 if i == selected else 1.5},
            fill="tonexty",
            fillcolor=f"rgba({red},{green},{blue},{0.75 if i == selected else 0.45})",
            hovertemplate=f"{plain(names[i])}: %{{x:.3g}}<extra></extra>",
        )
    style(figure, dark, height)
    step = -(-len(there) // _MOST_NAMES)
    named = sorted({*range(0, len(there), step), len(there) - 1} - {len(there) - 2})
    if len(there) <= _MOST_NAMES:
        named = list(range(len(there)))
    figure.update_yaxes(
        tickvals=[len(there) - 1 - row for row in named],
        ticktext=[short(names[there[row]], 18) + " " for row in named],
        range=[-0.4, len(there) - 1 + _OVERLAP * 1.05],
        showgrid=False,
    )
    figure.update_xaxes(
        range=[low, high],
        nticks=6,
        title={"text": plain(values_title), "font": {"size": 15, "color": muted(dark)}},
    )
    figure.add_annotation(
        xref="paper",
        yref="paper",
        x=0,
        y=1,
        yshift=12,
        text=f"<b>{plain(title)}</b>",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"size": 16, "color": ink(dark)},
    )
    figure.update_layout(margin={"t": 44})
    return figure


def span(histograms: Sequence[Histogram]) -> tuple[float, float]:
    """The common axis: from the lowest to the highest of nearly all values of every moment."""
    ends = []
    for histogram in histograms:
        counts = np.asarray(histogram.counts, np.float64)
        edges = np.linspace(histogram.low, histogram.high, len(counts) + 1)
        below = np.concatenate([[0], np.cumsum(counts)]) / counts.sum()
        # The last edge with at most the tail below it, the first with at most the tail above it.
        ends.append(edges[np.searchsorted(below, _TAIL, side="right") - 1])
        ends.append(edges[min(len(edges) - 1, np.searchsorted(below, 1 - _TAIL))])
    low, high = min(ends), max(ends)
    if high <= low:
        return low - 0.5, high + 0.5
    room = 0.02 * (high - low)
    return float(low - room), float(high + room)


def density(histogram: Histogram, grid: np.ndarray) -> np.ndarray:
    """Share of the values per unit at the points of ``grid``; 0 outside of the histogram."""
    counts = np.asarray(histogram.counts, np.float64)
    width = (histogram.high - histogram.low) / len(counts)
    if width <= 0:  # all values are the same: one peak, as wide as the grid can show
        result = np.zeros(len(grid))
        result[np.abs(grid - histogram.low).argmin()] = 1 / (grid[1] - grid[0])
        return result
    shares = counts / counts.sum() / width
    middles = histogram.low + width * (np.arange(len(counts)) + 0.5)
    # Half a bin beyond either end it is nothing: ridges stand on their line.
    at = np.concatenate([[histogram.low - width / 2], middles, [histogram.high + width / 2]])
    return np.interp(grid, at, np.concatenate([[0], shares, [0]]), left=0, right=0)


def _between(first: str, second: str, share: float) -> str:
    lab = oklab(np.array([rgb(first), rgb(second)], np.float64))
    return hexadecimal(from_oklab(lab[0] + (lab[1] - lab[0]) * share))
