"""Charts of a feature space: classes parting layer by layer, and points in three dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cnnviz.figures.charts import faint, ink, muted, plain, short, style
from cnnviz.figures.colours import accent, class_colour


def separation(
    layers: Sequence[str],
    knn: Sequence[float],
    silhouette: Sequence[float],
    *,
    current: int,
    chance: float,
    titles: tuple[str, str, str],
    dark: bool = False,
) -> go.Figure:
    """Two measures layer by layer, from the first (top) to the last; one layer stands out.

    Args:
        layers: their names.
        knn: (L,) 0–1, the dots joined by a line.
        silhouette: (L,) −1 to 1, diamonds on the same axis; not a number where it is not defined.
        current: which layer is shown beside.
        chance: what ``knn`` would be for guessing, a dashed line.
        titles: of the two measures, and of the dashed line.
    """
    rows = np.arange(len(layers))
    figure = go.Figure()
    looks = (
        (knn, "circle", accent(dark), "%{x:.1%}"),
        (silhouette, "diamond-open", class_colour(6), "%{x:.2f}"),
    )
    for (values, symbol, colour, shown), title in zip(looks, titles, strict=False):
        figure.add_trace(
            go.Scatter(
                x=[None if not np.isfinite(v) else float(v) for v in values],
                y=rows,
                name=plain(title),
                mode="lines+markers",
                line={"color": colour, "width": 2},
                marker={
                    "symbol": symbol,
                    "color": colour,
                    "size": [17 if i == current else 10 for i in rows],
                    "line": {"width": 2, "color": colour},
                    "opacity": 1,
                },
                customdata=[plain(name) for name in layers],
                hovertemplate="%{customdata}<br>" + plain(title) + " " + shown + "<extra></extra>",
            )
        )
    figure.add_shape(
        type="rect",
        layer="below",
        xref="paper",
        x0=0,
        x1=1,
        y0=current - 0.45,
        y1=current + 0.45,
        fillcolor=faint(dark),
        opacity=0.35,
        line_width=0,
    )
    figure.add_vline(x=chance, line={"color": muted(dark), "width": 1.5, "dash": "dash"})
    figure.add_annotation(
        x=chance,
        y=len(layers) - 0.2,
        yanchor="middle",
        text=plain(titles[2]),
        showarrow=False,
        font={"size": 14, "color": muted(dark)},
    )
    style(figure, dark, height=max(260, 46 * len(layers) + 110))
    finite = [v for v in (*silhouette, 0.0) if np.isfinite(v)]
    figure.update_xaxes(range=[min(-0.05, *finite) - 0.05, 1.04], tickformat=".1f")
    figure.update_yaxes(
        tickvals=list(rows),
        ticktext=[short(name, 20) + "  " for name in layers],
        tickfont={"size": 15, "color": ink(dark)},
        range=[len(layers) + 0.1, -0.6],
        showgrid=False,
    )
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}
    )
    return figure


def solid(
    points: np.ndarray, labels: np.ndarray, names: Sequence[str], *, dark: bool = False
) -> go.Figure:
    """Points (n, 3) of a map to be turned with the mouse, a colour a class."""
    figure = go.Figure()
    for number in np.unique(labels):
        x, y, z = np.asarray(points, np.float32)[labels == number].T
        figure.add_trace(
            go.Scatter3d(
                x=x,
                y=y,
                z=z,
                mode="markers",
                name=short(names[number]),
                marker={"size": 3.2, "color": class_colour(int(number))},
                hovertemplate=plain(names[number]) + "<extra></extra>",
            )
        )
    style(figure, dark, height=560)
    axis = {
        "showticklabels": False,
        "title": "",
        "showbackground": False,
        "gridcolor": faint(dark),
        "zerolinecolor": faint(dark),
    }
    figure.update_layout(
        scene={"xaxis": axis, "yaxis": axis, "zaxis": axis, "aspectmode": "data"},
        showlegend=len(figure.data) <= 30,
        legend={"itemsizing": "constant"},
        dragmode="orbit",
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
    )
    return figure
