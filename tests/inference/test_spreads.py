import numpy as np
import pytest

from cnnviz.inference.spreads import StreamingSpread


def fed(parts, groups=1, **known):
    stream = StreamingSpread(parts[0].shape[1], groups, **known)
    for part in parts:
        stream.add(part)
    return stream.spread


def test_counts_are_those_of_numpy_with_the_same_edges():
    rng = np.random.default_rng(0)
    # Each part reaches further than the one before it, to both sides.
    parts = [rng.normal(0, 2.0**i, (50, 3)) for i in range(6)]
    spread = fed(parts)
    for row, values in enumerate(np.concatenate(parts).T):
        assert spread.low[row] <= values.min() and spread.high[row] >= values.max()
        wanted, _ = np.histogram(values, spread.edges(row))
        np.testing.assert_array_equal(spread.counts[row, 0], wanted)


def test_at_least_half_of_the_bins_are_in_use():
    spread = fed([np.array([[0.0], [1.0]]), np.array([[33.0]])])
    used = np.flatnonzero(spread.counts[0, 0])
    assert used[-1] >= spread.counts.shape[-1] // 2 - 1
    assert spread.counts.sum() == 3


def test_a_value_that_never_changes_gets_a_range_when_another_comes():
    stream = StreamingSpread(2, bins=4)
    stream.add(np.array([[5.0, 0.0]] * 3))
    spread = stream.spread
    assert (spread.low[0], spread.high[0]) == (5, 5) and spread.counts[0, 0, 0] == 3
    stream.add(np.array([[1.0, 0.0]]))
    spread = stream.spread
    assert (spread.low[0], spread.high[0]) == pytest.approx((1, 5))
    np.testing.assert_array_equal(spread.counts[:, 0], [[1, 0, 0, 3], [4, 0, 0, 0]])


def test_groups_and_values_left_out_are_kept_apart():
    stream = StreamingSpread(1, groups=2, bins=2)
    values = np.array([[0.0], [1.5], [2.0], [900.0]])
    stream.add(values, np.array([0, 1, 1, 0]), np.array([[True]] * 3 + [[False]]))
    spread = stream.spread
    assert spread.high[0] == pytest.approx(2)
    np.testing.assert_array_equal(spread.counts[0], [[1, 0], [0, 2]])
    empty = StreamingSpread(1).spread
    assert empty.low[0] == empty.high[0] == 0 and empty.counts.sum() == 0


def test_bins_begin_where_the_values_are_known_to_begin():
    stream = StreamingSpread(1, bins=4, low=0.0)
    for value in (3.0, 1.0, 7.0, 0.5):
        stream.add(np.array([[value]]))
    spread = stream.spread
    assert (spread.low[0], spread.high[0]) == pytest.approx((0, 12))
    np.testing.assert_array_equal(spread.counts[0, 0], [3, 0, 1, 0])
    wanted, _ = np.histogram([3, 1, 7, 0.5], spread.edges(0))
    np.testing.assert_array_equal(spread.counts[0, 0], wanted)


def test_bins_come_in_pairs():
    with pytest.raises(ValueError, match="even"):
        StreamingSpread(1, bins=5)
