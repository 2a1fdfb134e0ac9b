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


def training_curve(
    measure: str,
    batches: dict[str, Sequence[float]],
    validation: dict[str, Sequence[float]],
    *,
    title: str,
    names: tuple[str, str] = ("training", "validation"),
    steps_title: str = "",
    total_steps: int | None = None,
    dark: bool = False,
    height: int = 380,
) -> go.Figure:
    """One curve that grows while a network learns; two of them side by side are a training.

    ``measure`` is “loss” or “accuracy”. ``batches`` and ``validation`` have “step” and the measure,
    equally long. Training is faint per batch with a smoothed line on top; validation has markers.
    ``total_steps`` fixes the horizontal axis, so that the curve grows into the picture.
    """
    steps = np.asarray(batches.get("step", ()), np.float64)
    values = np.asarray(batches.get(measure, ()), np.float64)
    measured = list(validation.get(measure, ()))
    form = "%{y:.3f}" if measure == "loss" else "%{y:.1%}"
    colours = (accent(dark), class_colour(1))
    # Values of many batches are smooth already; over more steps than this the line would lag.
    reach = max(4.0, 0.02 * (total_steps or max([1.0, *steps[-1:]])))
    shown, thin = _thinned(steps, values)
    figure = go.Figure()
    figure.add_scatter(
        x=shown,
        y=thin,
        mode="lines",
        hoverinfo="skip",
        line={"color": colours[0], "width": 1},
        opacity=0.28,
    )
    figure.add_scatter(
        x=shown,
        y=_thinned(steps, smoothed(values, np.exp(-np.diff(steps, prepend=0) / reach)))[1],
        mode="lines",
        line={"color": colours[0], "width": 3},
        hovertemplate=f"{plain(names[0])} {form}<extra></extra>",
    )
    figure.add_scatter(
        x=list(validation.get("step", ())),
        y=measured,
        mode="lines+markers",
        line={"color": colours[1], "width": 2.5, "dash": "dot"},
        marker={"size": 10, "color": colours[1]},
        hovertemplate=f"{plain(names[1])} {form}<extra></extra>",
    )
    style(figure, dark, height)
    figure.update_xaxes(
        range=[0, (total_steps or max([1.0, *steps[-1:]])) * 1.02],
        title={"text": plain(steps_title), "font": {"size": 15, "color": muted(dark)}},
        tickformat=",d",
        nticks=6,
        showgrid=False,
    )
    if measure == "loss":
        # The first batches may be far off; they must not flatten the rest.
        everything = [*values, *measured]
        top = float(np.percentile(everything, 99)) if everything else 1.0
        figure.update_yaxes(range=[0, max(top, 1e-6) * 1.08])
    else:
        figure.update_yaxes(range=[0, 1.01], tickformat=".0%")
    # The names of the curves stand beside the title in the curves' colours, with their signs.
    figure.add_annotation(
        xref="x domain",
        yref="paper",
        x=0,
        y=1,
        yshift=14,
        text=f"<b>{plain(title)}</b>   <span style='color:{colours[0]}'>━</span> {plain(names[0])}"
        f"   <span style='color:{colours[1]}'>●</span> {plain(names[1])}",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"size": 16, "color": ink(dark)},
    )
    figure.update_layout(hovermode="x", margin={"t": 48})
    return figure


def smoothed(values: np.ndarray, memory: float | np.ndarray = 0.94) -> np.ndarray:
    """An exponential moving average without the bias of its start (arXiv 1412.6980, section 3).

    ``memory`` is the share of the past that is kept at every value, or at each of them.
    """
    result = np.empty(len(values))
    total = weight = 0.0
    memories = np.broadcast_to(memory, len(values))
    for position, (value, kept) in enumerate(zip(values, memories, strict=True)):
        total = kept * total + (1 - kept) * value
        weight = kept * weight + (1 - kept)
        result[position] = total / weight if weight else value  # all of the past is kept: none yet
    return result


def _thinned(
    steps: np.ndarray, values: np.ndarray, most: int = 800
) -> tuple[np.ndarray, np.ndarray]:
    """At most about ``most`` points: the browser redraws every second while training."""
    if len(steps) <= most:
        return steps, values
    stride = -(-len(steps) // most)
    keep = np.unique(np.append(np.arange(0, len(steps), stride), len(steps) - 1))
    return steps[keep], values[keep]
