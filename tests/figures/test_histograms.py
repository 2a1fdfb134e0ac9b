import numpy as np
import pytest

from cnnviz.figures.histograms import density, ridges, span
from cnnviz.runs.insights import BINS, Histogram


def histogram(values) -> Histogram:
    counts, edges = np.histogram(values, BINS)
    low, high = float(edges[0]), float(edges[-1])
    return Histogram(
        low, high, tuple(counts.tolist()), float(np.mean(values)), float(np.std(values))
    )


@pytest.fixture
def normal():
    return histogram(np.random.default_rng(0).normal(2.0, 1.0, 20_000))


def test_a_density_has_the_area_one_and_its_peak_in_the_middle(normal):
    grid = np.linspace(-4, 8, 600)
    curve = density(normal, grid)
    assert curve.sum() * (grid[1] - grid[0]) == pytest.approx(1, abs=0.02)
    assert grid[curve.argmax()] == pytest.approx(2, abs=0.3)
    assert curve[0] == curve[-1] == 0


def test_values_that_are_all_the_same_are_one_peak():
    zeros = Histogram(0.0, 0.0, (50,) + (0,) * (BINS - 1), 0.0, 0.0)
    curve = density(zeros, np.linspace(-1, 1, 41))
    assert np.count_nonzero(curve) == 1 and curve[20] > 0
    low, high = span([zeros])
    assert low < 0 < high


def test_one_far_value_does_not_squeeze_the_axis():
    values = np.random.default_rng(0).normal(0, 1, 50_000)
    low, high = span([histogram(np.append(values, [60.0]))])
    assert -6 < low < -3 and 3 < high < 9


def test_the_axis_holds_every_moment():
    narrow, wide = histogram(np.linspace(-1, 1, 1000)), histogram(np.linspace(-5, 3, 1000))
    low, high = span([narrow, wide])
    assert low < -4.9 and high > 2.9


def test_every_moment_has_a_ridge_the_latest_in_front_and_lowest(normal):
    figure = ridges([normal, None, normal, normal], list("abcd"), title="x", selected=3)
    assert len(figure.data) == 6  # a line to stand on and a ridge each; the missing one left out
    bases = [trace.y[0] for trace in figure.data[::2]]
    assert bases == [2, 1, 0]
    for base, ridge in zip(figure.data[::2], figure.data[1::2], strict=True):
        assert min(ridge.y) >= base.y[0]
    assert [t.strip() for t in figure.layout.yaxis.ticktext] == ["a", "c", "d"]
    assert figure.data[-1].line.color != figure.data[-3].line.color


def test_of_forty_moments_some_are_named_and_the_last_is(normal):
    names = [f"epoch {i}" for i in range(40)]
    figure = ridges([normal] * 40, names, title="x")
    shown = [t.strip() for t in figure.layout.yaxis.ticktext]
    assert len(shown) <= 12 and shown[-1] == "epoch 39" and shown[0] == "epoch 0"


def test_nothing_kept_is_an_empty_picture():
    assert len(ridges([None, None], ["a", "b"], title="x").data) == 0
