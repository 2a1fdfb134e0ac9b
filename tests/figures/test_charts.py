import numpy as np
import pytest

from cnnviz.figures import charts, colours


def test_smoothing_of_a_constant_is_that_constant_from_the_first_value_on():
    np.testing.assert_allclose(charts.smoothed(np.full(50, 2.5)), 2.5)


def test_smoothing_is_the_weighted_mean_of_all_before():
    values = np.array([3.0, 1.0, 4.0])
    weights = np.array([0.9**2, 0.9, 1.0])
    wanted = (values * weights).sum() / weights.sum()
    assert charts.smoothed(values, memory=0.9)[-1] == pytest.approx(wanted)


@pytest.mark.parametrize("measure", ["loss", "accuracy"])
def test_long_trainings_stay_small_and_keep_their_last_point(measure):
    steps = np.arange(100_000)
    values = np.random.default_rng(0).random(100_000)
    figure = charts.training_curve(
        measure,
        {"step": steps, measure: values},
        {"step": [500], measure: [0.5]},
        title="x",
    )
    drawn = figure.data[0]
    assert len(drawn.x) <= 802 and drawn.x[-1] == 99_999
    assert len(figure.to_json()) < 200_000


def test_a_curve_without_any_point_can_be_drawn():
    figure = charts.training_curve("loss", {}, {}, title="Loss", total_steps=300)
    assert figure.layout.xaxis.range[1] >= 300


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
