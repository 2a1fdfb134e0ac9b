import numpy as np
import pytest

from cnnviz.figures.downsampling import bucket_size, ends, extremes, smoothed


@pytest.mark.parametrize("count", [501, 1_000, 10_000, 100_001])
def test_every_buckets_smallest_and_largest_survive(count):
    values = np.random.default_rng(count).standard_normal(count)
    kept = extremes(values, buckets=250)
    assert len(kept) <= 502 and kept[0] == 0 and kept[-1] == count - 1
    assert (np.diff(kept) > 0).all()
    size = bucket_size(count, 250)
    shown = np.full(count, np.nan)
    shown[kept] = values[kept]
    for start in range(0, count, size):
        bucket = values[start : start + size]
        assert np.nanmin(shown[start : start + size]) == bucket.min()
        assert np.nanmax(shown[start : start + size]) == bucket.max()


def test_a_single_spike_among_ten_thousand_survives():
    for at in (0, 1, 4_999, 9_998, 9_999):
        values = np.ones(10_000)
        values[at] = 7.0
        values[(at + 5_000) % 10_000] = -7.0
        kept = values[extremes(values)]
        assert kept.max() == 7 and kept.min() == -7


def test_short_curves_stay_whole():
    assert list(extremes(np.arange(500.0), buckets=250)) == list(range(500))
    assert list(extremes([])) == [] and list(ends(0)) == []


def test_what_is_drawn_stays_while_a_curve_grows():
    values = np.random.default_rng(0).standard_normal(10_000)
    before, after = extremes(values[:9_000]), extremes(values[:9_050])
    whole = 9_000 // bucket_size(9_000, 250) * bucket_size(9_000, 250)
    inner = before[(before < whole) & (before > 0)]
    assert set(inner) <= set(after)
    assert bucket_size(9_000, 250) == bucket_size(9_050, 250)


def test_ends_keep_the_last_value():
    assert ends(10_001, 250)[-1] == 10_000 and len(ends(10_001, 250)) <= 251


def test_smoothing_of_a_constant_is_that_constant_from_the_first_value_on():
    np.testing.assert_allclose(smoothed(np.full(50, 2.5)), 2.5)


def test_smoothing_is_the_weighted_mean_of_all_before():
    values = np.array([3.0, 1.0, 4.0])
    weights = np.array([0.9**2, 0.9, 1.0])
    wanted = (values * weights).sum() / weights.sum()
    assert smoothed(values, memory=0.9)[-1] == pytest.approx(wanted)
