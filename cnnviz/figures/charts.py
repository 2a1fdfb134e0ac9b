"""Plotly charts with one look: transparent, calm, large enough for a projector.

Show them with ``st.plotly_chart(figure, theme=None)``: the look is made here, for ``dark`` too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cnnviz.figures.colours import accent, class_colour

FONT = '"Source Sans", "Source Sans Pro", "Noto Sans CJK SC", "PingFang SC", sans-serif'
# Names of classes are data and may hold the few tags that Plotly would obey.
_ESCAPES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;"})


def ink(dark: bool) -> str:
    """The colour of text."""
    return "#e8eaf3" if dark else "#1f2233"


def faint(dark: bool) -> str:
    """The colour of what stands back: other bars, lines of the grid's text."""
    return "#4a5068" if dark else "#c8cde0"


def muted(dark: bool) -> str:
    """The colour of secondary text."""
    return "#9aa0b8" if dark else "#656b82"


def _lines(dark: bool) -> str:
    return "#2a2e3d" if dark else "#e9ebf3"


def plain(text: str) -> str:
    """A text as itself, not as Plotly's markup."""
    return text.translate(_ESCAPES)


def short(text: str, length: int = 28) -> str:
    """A long name cut with an ellipsis."""
    return plain(text if len(text) <= length else text[: length - 1].rstrip() + "…")


def style(figure: go.Figure, dark: bool, height: int) -> go.Figure:
    """Give a figure the house's look."""
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 16, "color": ink(dark)},
        height=height,
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        hoverlabel={
            "bgcolor": "#262a38" if dark else "#ffffff",
            "bordercolor": faint(dark),
            "font": {"family": FONT, "size": 15, "color": ink(dark)},
        },
        showlegend=False,
        dragmode=False,
    )
    axis = {
        "automargin": True,
        "zeroline": False,
        "gridcolor": _lines(dark),
        "linecolor": faint(dark),
        "tickfont": {"size": 15, "color": muted(dark)},
        "fixedrange": True,
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure


def probability_bars(
    names: Sequence[str],
    shares: Sequence[float],
    labels: Sequence[str],
    *,
    dark: bool = False,
    highlight: int = 0,
) -> go.Figure:
    """The answers as bars, most likely on top: the name above each bar, its share at the end.

    ``labels`` are the shares in words (“97 %”). ``highlight`` is the bar in the accent colour.
    """
    count = len(names)
    rows = np.arange(count)
    colours = [accent(dark) if i == highlight else faint(dark) for i in rows]
    figure = go.Figure(
        go.Bar(
            x=list(shares),
            y=rows,
            orientation="h",
            width=0.42,
            marker={"color": colours, "cornerradius": 3},
            text=[f" {plain(label)}" for label in labels],
            textposition="outside",
            textfont={"size": 18, "color": ink(dark)},
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    for row, name in enumerate(names):
        figure.add_annotation(
            x=0,
            y=row - 0.42,
            text=short(name, 40),
            showarrow=False,
            xanchor="left",
            font={"size": 18, "color": ink(dark) if row == highlight else muted(dark)},
        )
    style(figure, dark, height=max(120, 66 * count + 16))
    figure.update_xaxes(visible=False, range=[0, max(1e-9, max(shares, default=1)) * 1.22])
    figure.update_yaxes(visible=False, range=[count - 0.6, -0.75])
    figure.update_layout(margin={"l": 2, "r": 8, "t": 4, "b": 4})
    return figure


def class_counts(
    names: Sequence[str], counts: Sequence[int], *, dark: bool = False, hover: str = "%{x:,}"
) -> go.Figure:
    """How many images each class has, in the classes' own colours; the number at the bar's end."""
    rows = np.arange(len(names))
    figure = go.Figure(
        go.Bar(
            x=list(counts),
            y=rows,
            orientation="h",
            width=0.62,
            marker={"color": [class_colour(int(i)) for i in rows], "cornerradius": 3},
            text=[f" {count:,}" for count in counts],
            textposition="outside",
            textfont={"size": 16, "color": ink(dark)},
            customdata=[plain(name) for name in names],
            hovertemplate="%{customdata}: " + hover + "<extra></extra>",
            cliponaxis=False,
        )
    )
    style(figure, dark, height=max(160, 38 * len(names) + 24))
    figure.update_xaxes(visible=False, range=[0, max(counts, default=1) * 1.15 or 1])
    _name_axis(figure, names, dark)
    figure.update_layout(margin={"t": 4})
    return figure


def class_scores(
    names: Sequence[str],
    precision: Sequence[float],
    recall: Sequence[float],
    f1: Sequence[float],
    support: Sequence[int],
    *,
    titles: tuple[str, str, str, str] = ("precision", "recall", "F1", "images"),
    dark: bool = False,
) -> go.Figure:
    """Precision, recall and F1 of each class as three signs on one line; a dot is never alone.

    ``titles`` name the three measures and the number of images in the hover text.
    """
    rows = np.arange(len(names))
    figure = go.Figure()
    for row, trio in enumerate(zip(precision, recall, f1, strict=True)):
        figure.add_shape(
            type="line",
            layer="below",
            x0=min(trio),
            x1=max(trio),
            y0=row,
            y1=row,
            line={"color": faint(dark), "width": 3},
        )
    looks = (
        (precision, "triangle-left", class_colour(0)),
        (recall, "triangle-right", class_colour(1)),
        (f1, "circle", ink(dark)),
    )
    for (values, symbol, colour), title in zip(looks, titles, strict=False):
        figure.add_trace(
            go.Scatter(
                x=list(values),
                y=rows,
                name=plain(title),
                mode="markers",
                marker={"symbol": symbol, "size": 14, "color": colour},
                customdata=[[plain(n), s] for n, s in zip(names, support, strict=True)],
                hovertemplate=(
                    "%{customdata[0]}<br>"
                    + plain(title)
                    + " %{x:.1%}<br>%{customdata[1]:,} "
                    + plain(titles[3])
                    + "<extra></extra>"
                ),
            )
        )
    style(figure, dark, height=max(200, 40 * len(names) + 90))
    lowest = min([1.0, *precision, *recall, *f1])
    figure.update_xaxes(tickformat=".0%", range=[max(0.0, lowest - 0.04), 1.01], side="bottom")
    _name_axis(figure, names, dark)
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    )
    return figure


def _name_axis(figure: go.Figure, names: Sequence[str], dark: bool) -> None:
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[short(name) + "  " for name in names],
        tickfont={"size": 16, "color": ink(dark)},
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
    )
