"""The chart of where two classes part."""

import pytest

from cnnviz.figures.parting import parting

CALL = {
    "layers": ["relu_1", "a_very_long_name_of_a_layer_2", "the answer"],
    "leanings": [0.6, -0.1, -0.9],
    "accuracies": [0.6, 0.8, 0.99],
    "classes": (6, 4),
    "names": ("<b>shirt", "coat"),
    "clear": 0.3,
    "titles": ("Leaning", "Told right"),
}


@pytest.mark.parametrize("dark", [False, True])
def test_both_lines_over_the_same_layers(dark):
    figure = parting(**CALL, mark=2, dark=dark)
    above, below = figure.data
    assert list(above.y) == CALL["leanings"] and list(below.y) == CALL["accuracies"]
    assert list(above.x) == list(below.x) == [0, 1, 2]
    assert list(above.marker.symbol) == ["triangle-up", "circle", "triangle-down"]
    assert len(set(above.marker.color)) == 3
    words = [a.text for a in figure.layout.annotations]
    assert "▲ <b>&lt;b&gt;shirt</b>" in words and "▼ <b>coat</b>" in words
    assert figure.layout.xaxis2.ticktext[1] == "…g_name_of_a_layer_2"
    assert any(shape.type == "line" for shape in figure.layout.shapes)
    (band,) = [s for s in figure.layout.shapes if s.type == "rect"]
    assert (band.y0, band.y1, band.yref) == (-0.3, 0.3, "y")


def test_worse_than_chance_is_still_in_the_picture():
    figure = parting(**{**CALL, "accuracies": [0.2, 0.8, 0.9]})
    assert figure.layout.yaxis2.range[0] < 0.2
    assert not any(shape.type == "line" for shape in figure.layout.shapes)
