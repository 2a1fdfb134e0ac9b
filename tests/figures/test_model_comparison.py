"""Models in one chart: ours stand out from published ones, and names are text."""

from __future__ import annotations

import pytest

from cnnviz.figures.model_comparison import Point, accuracy_by_size

POINTS = [
    Point("Ours <b>", 180_000, 0.856, "Ours <b>\nmeasured"),
    Point("Theirs", 4_000_000, 0.935, "Theirs\nsource", ours=False),
]


@pytest.mark.parametrize("dark", [False, True])
def test_ours_are_discs_and_others_are_rings(dark):
    figure = accuracy_by_size(POINTS, size_title="size", accuracy_title="right", dark=dark)
    rings, discs = figure.data
    assert (list(rings.x), list(rings.y)) == ([4_000_000], [93.5])
    assert (rings.marker.symbol, discs.marker.symbol) == ("circle-open", "circle")
    assert discs.marker.color != rings.marker.color and discs.marker.size > rings.marker.size
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.yaxis.range[0] < 85.6 < 93.5 < figure.layout.yaxis.range[1]


def test_names_are_no_markup():
    figure = accuracy_by_size(POINTS, size_title="", accuracy_title="")
    assert figure.data[1].text[0] == "Ours &lt;b&gt;"
    assert figure.data[1].customdata[0] == "Ours &lt;b&gt;<br>measured"


def test_names_of_neighbours_do_not_lie_on_each_other():
    near = [Point("A", 2_000_000, 0.94, ""), Point("B", 3_400_000, 0.91, ""), POINTS[0]]
    _rings, discs = accuracy_by_size(near, size_title="", accuracy_title="").data
    assert list(discs.textposition) == ["top center", "bottom center", "top center"]


def test_long_names_are_broken_into_lines():
    point = Point("Small photos through trained eyes", 10**6, 0.9, "")
    [name] = accuracy_by_size([point], size_title="", accuracy_title="").data[1].text
    assert name == "Small photos<br>through trained<br>eyes"
