import numpy as np
import pytest

from cnnviz.figures.trust import correlation_course, intervals, removal_curves

SHARES = np.linspace(0, 1, 5)
OWN = np.array([0.9, 0.4, 0.2, 0.1, 0.0])
CHANCE = np.array([[0.9, 0.8, 0.7, 0.4, 0.0], [0.9, 0.9, 0.5, 0.2, 0.0]])
WORDS = {"names": ("this <map>", "random"), "titles": ("share", "vote")}


def test_the_mark_lies_on_the_own_curve():
    figure = removal_curves(SHARES, OWN, CHANCE, 1, label="40 %", **WORDS)
    mark = figure.data[-1]
    assert (mark.x[0], mark.y[0]) == (0.25, pytest.approx(0.4))
    assert "40 %" in mark.text[0]
    assert "this &lt;map&gt;" in figure.layout.title.text


def test_random_maps_are_a_band_with_their_mean():
    upper, lower, mean, own, _mark = removal_curves(SHARES, OWN, CHANCE, 0, **WORDS).data
    np.testing.assert_allclose(upper.y, CHANCE.max(axis=0))
    np.testing.assert_allclose(lower.y, CHANCE.min(axis=0))
    assert lower.fill == "tonexty"
    np.testing.assert_allclose(mean.y, CHANCE.mean(axis=0))
    np.testing.assert_allclose(own.y, OWN)
    assert mean.line.dash and not own.line.dash, "not told apart by colour alone"


def test_another_order_is_a_third_line():
    figure = removal_curves(
        SHARES, OWN, CHANCE, 0, other=OWN[::-1], other_name="darkest", dark=True, **WORDS
    )
    assert len(figure.data) == 6
    assert "darkest" in figure.layout.title.text
    assert len({line.line.dash for line in figure.data[2:5]}) == 3


def test_the_course_begins_with_the_original():
    figure = correlation_course(
        ["trained", "answer", "conv"], [0.5, np.nan], 1, titles=("stage", "likeness"), empty="flat"
    )
    bars = figure.data[0]
    np.testing.assert_allclose(bars.y, [1, 0.5, 0])
    assert list(bars.text) == ["1.00", "0.50", "flat"]
    assert list(bars.customdata[2]) == ["conv", "flat"]
    colours = bars.marker.color
    assert colours[1] not in (colours[0], colours[2]) and colours[0] == colours[2]


def test_negative_correlations_fit_in():
    figure = correlation_course(["a", "b"], [-0.8], 0, titles=("", ""))
    assert figure.layout.yaxis.range[0] < -0.9
    assert figure.data[0].text[1] == "−0.80"


def test_rows_have_their_interval_name_and_numbers():
    figure = intervals(
        ["best", "next", "random"],
        [0.9, 0.8, 0.5],
        [0.85, 0.7, 0.4],
        [0.95, 0.9, 0.6],
        ["0.90 (0.85 … 0.95)", "b", "c"],
        yardsticks=1,
    )
    lines, dots = figure.data[::2], figure.data[1::2]
    assert [tuple(line.x) for line in lines] == [(0.85, 0.95), (0.7, 0.9), (0.4, 0.6)]
    assert [dot.x[0] for dot in dots] == [0.9, 0.8, 0.5]
    assert dots[2].marker.symbol != dots[0].marker.symbol
    assert {a.text for a in figure.layout.annotations} >= {"best", "random", "0.90 (0.85 … 0.95)"}
    low, high = figure.layout.xaxis.range
    assert low < 0.4 and high > 0.95


def test_intervals_without_width_still_have_room():
    low, high = intervals(["a"], [0.0], [0.0], [0.0], ["0"]).layout.xaxis.range
    assert low < 0 < high
