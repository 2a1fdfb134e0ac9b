"""Who takes how much room on the disk, by what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from cnnviz.figures.charts import faint, ink, plain, short, style
from cnnviz.figures.colours import class_colour

MOST = 24  # bars; the rest is added up
_ROW = 34  # pixels high


def room_bars(
    names: Sequence[str],
    sizes: Mapping[str, Sequence[float]],
    totals: Sequence[str],
    *,
    limit: float | None = None,
    limit_words: str = "",
    dark: bool = False,
) -> go.Figure:
    """One bar for each person, in parts by kind.

    Args:
        names: who, the first on top; shown as they are.
        sizes: name of a kind → bytes of each person, in the order of the legend.
        totals: the sums in words, written at the end of each bar.
        limit: a line at so many bytes: what each person may take.
        limit_words: what stands at that line.
    """
    rows = list(range(len(names)))
    whole = [sum(own[row] for own in sizes.values()) for row in rows]
    figure = go.Figure()
    for place, (kind, own) in enumerate(sizes.items()):
        if not any(own):
            continue
        figure.add_bar(
            x=list(own),
            y=rows,
            orientation="h",
            width=0.62,
            name=plain(kind),
            marker={"color": class_colour(place)},
            hovertemplate=f"%{{customdata}}<br>{plain(kind)} %{{x:.3s}}B<extra></extra>",
            customdata=[plain(name) for name in names],
        )
    most = max([*whole, 1.0])
    shown_limit = limit is not None and limit <= 4 * most
    far = max(most * 1.18, (limit or 0) * 1.05 if shown_limit else 0)
    for row in rows:
        figure.add_annotation(
            x=whole[row],
            y=row,
            text=f" {plain(totals[row])}",
            showarrow=False,
            xanchor="left",
            font={"size": 17, "color": ink(dark)},
        )
    style(figure, dark, height=_ROW * len(names) + 96)
    figure.update_layout(
        barmode="stack",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "traceorder": "normal"},
        margin={"l": 8, "r": 8, "t": 64, "b": 8},
    )
    figure.update_xaxes(visible=False, range=[0, far])
    figure.update_yaxes(
        tickvals=rows,
        ticktext=[short(name) for name in names],
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
        tickfont={"size": 17, "color": ink(dark)},
    )
    if shown_limit:
        figure.add_vline(x=limit, line={"color": faint(dark), "width": 2, "dash": "dot"})
        figure.add_annotation(
            x=limit,
            y=len(names) - 0.45,
            text=plain(limit_words),
            showarrow=False,
            xanchor="right",
            yanchor="bottom",
            font={"size": 14, "color": ink(dark)},
        )
    return figure
