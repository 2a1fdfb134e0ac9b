"""Where two classes part: where one image leans, layer by layer, and what the layers can tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cnnviz.figures.charts import faint, ink, muted, plain, short, style
from cnnviz.figures.colours import accent, class_colour

_HEIGHT = 470
_NAME = 20  # characters of a layer's name


def parting(
    layers: Sequence[str],
    leanings: Sequence[float],
    accuracies: Sequence[float],
    classes: tuple[int, int],
    names: tuple[str, str],
    *,
    clear: float,
    titles: tuple[str, str],
    hovers: tuple[str, str] = ("%{y:.2f}", "%{y:.0%}"),
    mark: int | None = None,
    dark: bool = False,
) -> go.Figure:
    """Two lines over the layers: above, where the image leans; below, how well a layer tells.

    Args:
        layers: short names, first to last; the last may be the answer itself.
        leanings: −1 (the second class) to 1 (the first).
        accuracies: 0.5 to 1.
        classes, names: of the two classes, the first above.
        clear: leanings of less count as undecided; a band shows it.
        titles: of the two parts.
        hovers: how a value of each part is said, as Plotly's templates.
        mark: a layer with a line through both parts.
    """
    x = list(range(len(layers)))
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.62, 0.38])
    sides = [0 if abs(v) < clear else 1 if v > 0 else -1 for v in leanings]
    looks = {
        1: (class_colour(classes[0]), "triangle-up"),
        0: (muted(dark), "circle"),
        -1: (class_colour(classes[1]), "triangle-down"),
    }
    colours, symbols = ([looks[side][i] for side in sides] for i in (0, 1))
    lines = (
        (1, leanings, ink(dark), {"size": 16, "color": colours, "symbol": symbols}, hovers[0]),
        (2, accuracies, accent(dark), {"size": 9, "color": accent(dark)}, hovers[1]),
    )
    for row, values, colour, marker, hover in lines:
        figure.add_scatter(
            x=x,
            y=list(values),
            mode="lines+markers",
            line={"color": colour, "width": 2.5},
            marker=marker,
            customdata=[plain(name) for name in layers],
            hovertemplate=f"%{{customdata}}<br>{hover}<extra></extra>",
            cliponaxis=False,
            row=row,
            col=1,
        )
    style(figure, dark, _HEIGHT)
    figure.add_hrect(
        y0=-clear,
        y1=clear,
        fillcolor=faint(dark),
        opacity=0.35,
        line_width=0,
        layer="below",
        row=1,
        col=1,
    )
    if mark is not None:
        figure.add_vline(x=mark, line={"color": muted(dark), "width": 1.5, "dash": "dot"})
    for row, title in enumerate(titles, start=1):
        _note(figure, plain(title), row, 1, "bottom", muted(dark), shift=6)
    _note(figure, f"▲ <b>{short(names[0])}</b>", 1, 1, "top", ink(dark))
    _note(figure, f"▼ <b>{short(names[1])}</b>", 1, 0, "bottom", ink(dark))
    figure.update_yaxes(range=[-1.12, 1.12], tickvals=[0], ticktext=[""], row=1, col=1)
    low = min(0.5, float(np.min(accuracies)))
    figure.update_yaxes(
        range=[low - 0.03, 1.04], tickvals=[0.5, 0.75, 1], tickformat=".0%", row=2, col=1
    )
    figure.update_xaxes(
        tickvals=x,
        ticktext=[_shortened(name) for name in layers],
        tickangle=-45 if len(layers) > 3 else 0,
        range=[-0.4, len(layers) - 0.6],
        showgrid=False,
    )
    figure.update_layout(margin={"t": 40, "r": 18})
    return figure


def _note(
    figure: go.Figure, text: str, row: int, y: float, anchor: str, colour: str, shift: int = 0
) -> None:
    """A text at the left end of a part, at its upper (1) or lower (0) edge."""
    figure.add_annotation(
        text=text,
        xref="paper",
        x=0.005,
        xanchor="left",
        yref=f"y{'' if row == 1 else row} domain",
        y=y,
        yanchor=anchor,
        yshift=shift,
        showarrow=False,
        font={"size": 16, "color": colour},
    )


def _shortened(name: str) -> str:
    """The end of a layer's name: that is where those of one network differ."""
    return plain(name if len(name) <= _NAME else "…" + name[1 - _NAME :])
