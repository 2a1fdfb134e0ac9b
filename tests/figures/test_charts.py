import numpy as np
import pytest

from cnnviz.figures import charts, colours


def test_bars_are_highlighted_ordered_and_labelled():
    figure = charts.probability_bars(["cat", "dog"], [0.7, 0.3], ["70 %", "30 %"])
    bar = figure.data[0]
    assert list(bar.x) == [0.7, 0.3]
    assert bar.marker.color == (colours.accent(), charts.faint(False))
    assert [text.strip() for text in bar.text] == ["70 %", "30 %"]
    top, bottom = (note.y for note in figure.layout.annotations)
    assert top < bottom and figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_names_are_texts_not_markup():
    bars = charts.probability_bars(["<b>x</b>"], [1], ["1"])
    assert "<b>" not in bars.layout.annotations[0].text
    counts = charts.class_counts(["<a href='#'>x</a>"], [3])
    assert "<a" not in counts.layout.yaxis.ticktext[0]


def test_classes_have_their_own_colours():
    figure = charts.class_counts([str(i) for i in range(12)], range(12))
    assert figure.data[0].marker.color == tuple(colours.class_colour(i) for i in range(12))


@pytest.mark.parametrize("dark", [False, True])
def test_charts_are_transparent_and_their_text_readable(dark):
    figure = charts.class_scores(["a", "b"], [0.9, 0.8], [0.7, 0.9], [0.8, 0.85], [5, 6], dark=dark)
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    lightness = colours.oklab(np.array(colours.rgb(figure.layout.font.color)))[0]
    assert lightness > 0.85 if dark else lightness < 0.35
    low, high = figure.layout.xaxis.range
    assert low <= 0.7 and high >= 0.9
