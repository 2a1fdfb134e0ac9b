"""Charts about one channel, and about all channels of a layer side by side."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import plotly.graph_objects as go

from cnnviz.figures.charts import faint, ink, muted, plain, short, style
from cnnviz.figures.colours import accent, class_colour, diverging, hexadecimal
from cnnviz.figures.receptive import field_of
from cnnviz.models.cards import ReceptiveField

_ROW = 30  # pixels a bar with its name
_ABOVE, _BELOW = 226, 30  # places in the diverging table: well visible red and blue


def cut_patch(
    image: np.ndarray, receptive_field: ReceptiveField | None, unit: tuple[int, int], side: int
) -> np.ndarray:
    """What unit (row, column) sees of the network's input (h, w, c), as (side, side, c) uint8.

    Where the window reaches over an edge only the part inside is taken; without a window it is the
    whole image.
    """
    if receptive_field is not None:
        inside = field_of(receptive_field, unit).clipped(*image.shape[:2])
        if inside.bottom > inside.top and inside.right > inside.left:
            image = image[inside.top : inside.bottom, inside.left : inside.right]
    smaller = min(image.shape[:2]) >= side
    how = cv2.INTER_AREA if smaller else cv2.INTER_NEAREST
    return cv2.resize(image, (side, side), interpolation=how).reshape(side, side, -1)


def response_histogram(
    edges: np.ndarray,
    counts: np.ndarray,
    names: Sequence[str] = (),
    *,
    told_apart: Sequence[int] = (),
    rest: str = "",
    values_title: str = "",
    images_title: str = "",
    dark: bool = False,
) -> go.Figure:
    """How many images have which response: bars of ``counts`` (groups, bins) between ``edges``.

    The groups ``told_apart`` (classes, by number) stand in their colours under their names; all
    others together are grey and called ``rest``. Bins at either end without images are left out.
    """
    used = np.flatnonzero(counts.sum(axis=0))
    first, last = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 1)
    edges, counts = edges[first : last + 1], counts[:, first:last]
    middles, width = (edges[1:] + edges[:-1]) / 2, float(edges[1] - edges[0]) or 1.0
    others = np.setdiff1d(np.arange(len(counts)), np.asarray(told_apart, np.int64))
    parts = [(plain(names[i]), counts[i], class_colour(int(i))) for i in told_apart]
    if len(others):
        colour = faint(dark) if told_apart else accent(dark)
        parts.append((plain(rest), counts[others].sum(axis=0), colour))
    figure = go.Figure()
    for name, part, colour in parts:
        figure.add_bar(
            x=middles.astype(np.float32),
            y=part.astype(np.int32),
            width=0.92 * width,
            name=name,
            marker={"color": colour},
            hovertemplate=f"{name}: %{{y:,}}<br>%{{x:.3g}}<extra></extra>",
        )
    style(figure, dark, 300)
    title = {"font": {"size": 15, "color": muted(dark)}}
    figure.update_xaxes(title={**title, "text": plain(values_title)}, nticks=6, showgrid=False)
    figure.update_yaxes(title={**title, "text": plain(images_title)}, nticks=5)
    figure.update_layout(
        barmode="stack",
        showlegend=len(parts) > 1,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        margin={"t": 8},
    )
    return figure


def value_bars(
    names: Sequence[str],
    values: Sequence[float],
    *,
    classes: Sequence[int] | None = None,
    highlight: Sequence[int] = (),
    labels: Sequence[str] | None = None,
    dark: bool = False,
) -> go.Figure:
    """A bar for each name, to both sides of zero where there are negative values.

    ``classes`` are the classes' numbers, for bars in their colours; without them positive bars are
    red and negative ones blue, as in signed maps. ``labels`` stand at the bars' ends (the values,
    equally rounded, when None). The names at the places ``highlight`` are bold; values that are not
    numbers have no bar.
    """
    values = np.asarray(values, np.float64)
    shown = np.nan_to_num(values)
    if labels is None:
        labels = _labels(values, sign=classes is None)
    if classes is not None:
        colours = [class_colour(int(i)) for i in classes]
    else:
        table = diverging(dark)
        colours = [hexadecimal(table[_ABOVE if v >= 0 else _BELOW]) for v in shown]
    rows = np.arange(len(names))
    figure = go.Figure(
        go.Bar(
            x=shown.astype(np.float32),
            y=rows,
            orientation="h",
            width=0.66,
            marker={"color": colours, "cornerradius": 3},
            text=[f" {plain(label)} " for label in labels],
            textposition="outside",
            textfont={"size": 15, "color": ink(dark)},
            cliponaxis=False,
            customdata=[plain(name) for name in names],
            hovertemplate="%{customdata}: %{text}<extra></extra>",
        )
    )
    style(figure, dark, max(120, _ROW * len(names) + 16))
    low, high = min(0.0, float(shown.min(initial=0))), max(0.0, float(shown.max(initial=0)))
    span = (high - low) or 1.0
    figure.update_xaxes(
        visible=False,
        range=[low - (0.24 * span if low < 0 else 0), high + (0.24 * span if high > 0 else 0)],
    )
    marked = set(highlight)
    figure.update_yaxes(
        tickvals=list(rows),
        ticktext=[
            f"<b>{short(n, 20)}</b>  " if i in marked else short(n, 20) + "  "
            for i, n in enumerate(names)
        ],
        tickfont={"size": 15, "color": ink(dark)},
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
    )
    figure.add_vline(x=0, line={"color": faint(dark), "width": 1})
    figure.update_layout(margin={"t": 4, "b": 4})
    return figure


def _labels(values: np.ndarray, sign: bool) -> list[str]:
    """All with as many decimals as the largest needs for three digits."""
    largest = float(np.nanmax(np.abs(values), initial=0))
    decimals = int(np.clip(2 - np.floor(np.log10(largest)), 0, 5)) if largest > 0 else 0
    form = f"{'+' if sign else ''}.{decimals}f"

    def label(value: float) -> str:
        if np.isnan(value):
            return "–"
        return format(value, form).replace("-", "−") if value else "0"

    return [label(float(v)) for v in values]


def channel_strip(
    values: Sequence[float],
    channels: Sequence[int],
    *,
    title: str,
    channel_word: str,
    marked: Sequence[bool] | None = None,
    share: bool = False,
    dark: bool = False,
) -> go.Figure:
    """All channels of a layer as thin bars in the given order.

    ``channel_word`` is “channel {channel}” in the reader's language; ``marked`` channels (dead
    ones) get a cross below their place; ``share`` values are written as percentages.
    """
    values = np.asarray(values, np.float64)
    places = np.arange(len(values))
    figure = go.Figure(
        go.Bar(
            x=places,
            y=values.astype(np.float32),
            width=1.0 if len(values) > 160 else 0.82,
            marker={"color": accent(dark), "line": {"width": 0}},
            customdata=[plain(channel_word.format(channel=int(c))) for c in channels],
            hovertemplate="%{customdata}: %{y:" + (".1%" if share else ".3g") + "}<extra></extra>",
        )
    )
    if marked is not None and any(marked):
        at = np.flatnonzero(marked)
        figure.add_scatter(
            x=at,
            y=np.full(len(at), -0.035 * (float(np.nanmax(values, initial=0)) or 1.0)),
            mode="markers",
            marker={"symbol": "x-thin", "size": 7, "line": {"width": 1.5, "color": muted(dark)}},
            hoverinfo="skip",
        )
    style(figure, dark, 220)
    low, high = (float(f(values, initial=0)) for f in (np.nanmin, np.nanmax))
    if low == high:  # all are zero
        high = 1.0
    room = 0.06 * (high - low)
    figure.update_xaxes(visible=False, range=[-0.8, len(values) - 0.2])
    figure.update_yaxes(
        nticks=4, tickformat=".0%" if share else None, range=[low - room, high + room]
    )
    figure.add_annotation(
        xref="paper",
        yref="paper",
        x=0,
        y=1,
        yshift=6,
        text=plain(title),
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"size": 15, "color": muted(dark)},
    )
    figure.update_layout(margin={"t": 30})
    return figure
