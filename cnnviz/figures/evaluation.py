"""Charts of an evaluation: curves over all thresholds, reliability, times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cnnviz.figures.charts import faint, ink, muted, plain, short, style
from cnnviz.figures.colours import accent, class_colour

_CURVES, _RELIABILITY, _TIMES = 440, 400, 200  # pixels high
_LEGEND = 22  # and for every curve's name, which on a phone has a line of its own
_TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1]
_DASHES = ("solid", "dash", "dot")  # thirty colours repeat: every ten, another dash


def threshold_curves(
    lines: Sequence[tuple[int, str, np.ndarray, np.ndarray]],
    *,
    titles: tuple[str, str],
    marked: int | None = None,
    chance: bool = False,
    dark: bool = False,
) -> go.Figure:
    """One curve for each class, in the class's colour.

    Args:
        lines: (class, name with its area, x, y) of each.
        titles: of the axes.
        marked: the class drawn in front, the others stand back.
        chance: draw the diagonal on which guessing lies.
    """
    figure = go.Figure()
    if chance:
        figure.add_scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"color": muted(dark), "width": 1.5, "dash": "dot"},
            hoverinfo="skip",
            showlegend=False,
        )
    for place, name, x, y in sorted(lines, key=lambda line: line[0] == marked):
        back = marked is not None and place != marked
        figure.add_scatter(
            x=x,
            y=y,
            name=short(name, 40),
            mode="lines",
            opacity=0.25 if back else 1,
            line={
                "color": ink(dark) if place < 0 else class_colour(place),
                "width": 4 if place == marked or place < 0 else 2.5,
                "dash": _DASHES[place // 10 % 3] if place >= 0 else "solid",
            },
            hovertemplate=f"{short(name, 40)}<br>"
            + f"{plain(titles[0])} %{{x:.1%}}<br>{plain(titles[1])} %{{y:.1%}}<extra></extra>",
        )
    style(figure, dark, _CURVES + _LEGEND * len(lines))
    figure.update_xaxes(range=[-0.01, 1.03], title=_title(titles[0], dark))
    figure.update_yaxes(range=[-0.01, 1.03], title=_title(titles[1], dark))
    for axes in (figure.update_xaxes, figure.update_yaxes):
        axes(tickformat=".0%", tickvals=_TICKS)
    figure.update_layout(
        hovermode="closest",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
    )
    return figure


def reliability_bars(
    counts: np.ndarray,
    confidence: np.ndarray,
    accuracy: np.ndarray,
    *,
    titles: tuple[str, str],
    words: tuple[str, str],
    dark: bool = False,
) -> go.Figure:
    """How many were right (a bar) of those images of which the network was so sure (its place).

    A dot on each bar is the mean confidence in it: where bar and dot meet, on the diagonal, the
    network knows how sure it may be. Empty bins have no bar.

    Args:
        counts, confidence, accuracy: (bins,), NaN where empty.
        titles: of the axes.
        words: for “right” and “images” in the hover text.
    """
    bins = len(counts)
    filled = np.flatnonzero(counts)
    share = counts / max(1, counts.sum())
    hover = np.stack([confidence, counts], axis=1)[filled]
    figure = go.Figure(
        go.Bar(
            x=((np.arange(bins) + 0.5) / bins)[filled],
            y=accuracy[filled],
            width=0.92 / bins,
            # Few images, little ink: a bar of three images says little.
            marker={
                "color": accent(dark),
                "opacity": (0.25 + 0.75 * np.minimum(1, np.sqrt(share * 3)))[filled],
            },
            customdata=hover,
            hovertemplate=(
                "%{customdata[0]:.0%} → %{y:.0%} "
                + plain(words[0])
                + "<br>%{customdata[1]:,} "
                + plain(words[1])
                + "<extra></extra>"
            ),
        )
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": muted(dark), "width": 2, "dash": "dash"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=confidence[filled],
        y=confidence[filled],
        mode="markers",
        marker={"size": 9, "color": class_colour(1), "line": {"color": ink(dark), "width": 1}},
        hoverinfo="skip",
    )
    style(figure, dark, _RELIABILITY)
    figure.update_xaxes(
        range=[-0.01, 1.03], tickvals=_TICKS, tickformat=".0%", title=_title(titles[0], dark)
    )
    figure.update_yaxes(range=[0, 1.03], tickformat=".0%", title=_title(titles[1], dark))
    return figure


def time_strips(
    names: Sequence[str],
    times: Sequence[np.ndarray],
    *,
    title: str,
    median: str,
    dark: bool = False,
) -> go.Figure:
    """Every call as a dot on its row, the median as a line; ``times`` in milliseconds an image.

    ``title`` is that of the axis, ``median`` a word for the hover text.
    """
    figure = go.Figure()
    rng = np.random.default_rng(0)
    for row, values in enumerate(times):
        middle = float(np.median(values))
        figure.add_scatter(
            x=values,
            y=row + rng.uniform(-0.22, 0.22, len(values)),
            mode="markers",
            marker={"size": 8, "color": accent(dark), "opacity": 0.45},
            hovertemplate="%{x:.2f} ms<extra></extra>",
        )
        figure.add_scatter(
            x=[middle, middle],
            y=[row - 0.34, row + 0.34],
            mode="lines",
            line={"color": ink(dark), "width": 4},
            hovertemplate=f"{plain(median)} %{{x:.2f}} ms<extra></extra>",
        )
    style(figure, dark, _TIMES)
    figure.update_xaxes(rangemode="tozero", ticksuffix=" ms", title=_title(title, dark))
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[short(name) + "  " for name in names],
        tickfont={"size": 16, "color": ink(dark)},
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
    )
    figure.update_layout(margin={"t": 8})
    return figure


def group_bar(
    names: Sequence[str], counts: Sequence[int], *, hover: str, dark: bool = False
) -> go.Figure:
    """Four groups of images as parts of one bar: both right, one, the other, both wrong.

    ``hover`` is a word for images.
    """
    colours = (faint(dark), class_colour(0), class_colour(1), muted(dark))
    figure = go.Figure()
    for name, count, colour in zip(names, counts, colours, strict=True):
        figure.add_bar(
            x=[count],
            y=[0],
            orientation="h",
            marker={"color": colour},
            hovertemplate=f"{plain(name)}: %{{x:,}} {plain(hover)}<extra></extra>",
        )
    style(figure, dark, 64)
    figure.update_layout(barmode="stack", margin={"t": 4, "b": 4, "l": 2, "r": 2})
    figure.update_xaxes(visible=False, range=[0, max(1, sum(counts))])
    figure.update_yaxes(visible=False)
    return figure


def _title(text: str, dark: bool) -> dict:
    return {"text": plain(text), "font": {"size": 15, "color": muted(dark)}}
