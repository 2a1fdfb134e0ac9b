"""Charts of the checks of heatmaps: curves of a vote, a map that fades, methods side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cnnviz.figures.charts import faint, ink, muted, plain, style
from cnnviz.figures.colours import accent, class_colour

_CURVES, _COURSE = 400, 340  # pixels high


def removal_curves(
    shares: Sequence[float],
    own: np.ndarray,
    chance: np.ndarray,
    at: int,
    *,
    names: tuple[str, str],
    titles: tuple[str, str],
    label: str = "",
    other: np.ndarray | None = None,
    other_name: str = "",
    dark: bool = False,
) -> go.Figure:
    """The vote as more and more pixels are taken away or brought back.

    Args:
        shares: (s,) of the pixels, 0 to 1.
        own: (s,) the votes by the heatmap's order.
        chance: (r, s) by random maps: their mean, and a band from the smallest to the largest.
        at: the place in ``shares`` that is marked, with ``label`` beside the mark.
        names: of ``own`` and ``chance``.
        titles: of the axes.
        other: (s,) another curve to hold against the first, called ``other_name``.
    """
    x = np.asarray(shares, np.float64)
    figure = go.Figure()
    for edge, fill in ((chance.max(axis=0), None), (chance.min(axis=0), "tonexty")):
        figure.add_scatter(
            x=x,
            y=edge,
            mode="lines",
            line={"width": 0},
            fill=fill,
            fillcolor="rgba(140,146,170,0.22)",
            hoverinfo="skip",
        )
    lines = [
        (chance.mean(axis=0), muted(dark), "dash", 3, names[1]),
        (own, accent(dark), None, 4, names[0]),
    ]
    if other is not None:
        lines.insert(1, (other, class_colour(1), "dot", 4, other_name))
    for values, colour, dash, width, name in lines:
        figure.add_scatter(
            x=x,
            y=values,
            mode="lines",
            line={"color": colour, "width": width, "dash": dash},
            hovertemplate=f"{plain(name)} %{{y:.0%}}<extra></extra>",
        )
    figure.add_scatter(
        x=[x[at]],
        y=[own[at]],
        mode="markers+text",
        marker={"size": 16, "color": accent(dark), "line": {"color": ink(dark), "width": 2}},
        text=[f"<b>{plain(label)}</b>"],
        textposition="top left" if x[at] > 0.8 else "top right",
        textfont={"size": 20, "color": ink(dark)},
        cliponaxis=False,
        hoverinfo="skip",
    )
    style(figure, dark, _CURVES)
    _axis_titles(figure, titles, dark)
    figure.update_xaxes(
        range=[-0.01, 1.03], tickformat=".0%", tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1], showgrid=False
    )
    figure.update_yaxes(range=[0, 1.08], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    signs = {None: "━", "dash": "╌", "dot": "┅"}
    key = ("   " if other is None else "<br>").join(
        f"<span style='color:{colour}'>{signs[dash]}</span> {plain(name)}"
        for _, colour, dash, _, name in reversed(lines)
    )
    _title(figure, key, dark)
    figure.update_layout(hovermode="x", margin={"t": 44 if other is None else 84})
    return figure


def correlation_course(
    names: Sequence[str],
    course: Sequence[float],
    at: int,
    *,
    titles: tuple[str, str],
    empty: str = "",
    dark: bool = False,
) -> go.Figure:
    """How much of a map's order is left after each stage; ``names`` begin with the original.

    Numbers stand over the first, the last and the marked bar; the others' are shown on hover.

    Args:
        course: (k,) correlations after the stages; NaN where a map was flat (said as ``empty``).
        at: the stage that is marked, 0 for the original.
        titles: of the axes.
    """
    values = np.concatenate([[1.0], np.asarray(course, np.float64)])
    rows = np.arange(len(values))
    shown = np.nan_to_num(values)
    colours = [accent(dark) if i == at else faint(dark) for i in rows]
    labels = [empty if np.isnan(v) else f"{v:.2f}".replace("-", "−") for v in values]
    ends = sorted({0, at, len(values) - 1})
    figure = go.Figure(
        go.Bar(
            x=rows,
            y=shown,
            width=0.62,
            marker={"color": colours, "cornerradius": 3},
            text=[plain(label) if i in ends else "" for i, label in enumerate(labels)],
            textposition="outside",
            textfont={"size": 18, "color": ink(dark)},
            constraintext="none",
            customdata=[[plain(n), plain(t)] for n, t in zip(names, labels, strict=True)],
            hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
            cliponaxis=False,
        )
    )
    style(figure, dark, _COURSE)
    _axis_titles(figure, titles, dark)
    figure.update_xaxes(
        tickvals=ends,
        showgrid=False,
        range=[-0.6, len(values) - 0.4],
    )
    figure.update_yaxes(range=[min(-0.25, shown.min() - 0.2), 1.15], tickvals=[0, 0.5, 1])
    figure.add_hline(y=0, line={"color": muted(dark), "width": 1})
    return figure


def intervals(
    names: Sequence[str],
    means: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    labels: Sequence[str],
    *,
    yardsticks: int = 0,
    highlight: int = 0,
    title: str = "",
    dark: bool = False,
) -> go.Figure:
    """A dot with its interval for each row, the first on top; its name and its numbers above it.

    The last ``yardsticks`` rows stand back: they are what the others are held against.
    """
    count = len(names)
    figure = go.Figure()
    for row in range(count):
        back = row >= count - yardsticks
        colour = muted(dark) if back else accent(dark) if row == highlight else ink(dark)
        figure.add_scatter(
            x=[low[row], high[row]],
            y=[row, row],
            mode="lines",
            line={"color": colour, "width": 5 if row == highlight and not back else 3},
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=[means[row]],
            y=[row],
            mode="markers",
            marker={"size": 15, "color": colour, "symbol": "line-ns" if back else "circle"}
            | ({"line": {"color": colour, "width": 4}} if back else {}),
            hovertemplate=f"{plain(names[row])}: {plain(labels[row])}<extra></extra>",
        )
        for place, anchor, text in ((0, "left", names[row]), (1, "right", labels[row])):
            figure.add_annotation(
                x=place,
                xref="paper",
                xanchor=anchor,
                y=row - 0.3,
                yanchor="bottom",
                text=plain(text),
                showarrow=False,
                font={"size": 17, "color": colour},
            )
    style(figure, dark, 54 * count + 64)
    ends = float(np.min(low)), float(np.max(high))
    room = 0.03 * (ends[1] - ends[0]) or 0.05
    figure.update_xaxes(
        title={"text": plain(title), "font": {"size": 15, "color": muted(dark)}},
        range=[ends[0] - room, ends[1] + room],
    )
    figure.update_yaxes(visible=False, range=[count - 0.5, -0.85])
    figure.update_layout(margin={"t": 4})
    return figure


def _axis_titles(figure: go.Figure, titles: tuple[str, str], dark: bool) -> None:
    look = {"size": 15, "color": muted(dark)}
    figure.update_xaxes(title={"text": plain(titles[0]), "font": look})
    figure.update_yaxes(title={"text": plain(titles[1]), "font": look})


def _title(figure: go.Figure, text: str, dark: bool) -> None:
    figure.update_layout(
        title={
            "text": text,
            "x": 0,
            "xref": "paper",
            "y": 0.985,
            "yanchor": "top",
            "font": {"size": 16, "color": ink(dark)},
        }
    )
