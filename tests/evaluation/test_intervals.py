import numpy as np
import pytest
from scipy.stats import binomtest

from cnnviz.evaluation.intervals import paired_difference, wilson


@pytest.mark.parametrize(("hits", "total"), [(0, 10), (10, 10), (7, 10), (9312, 10_000), (1, 3)])
def test_wilson_is_scipys(hits, total):
    expected = binomtest(hits, total).proportion_ci(method="wilson")
    assert wilson(hits, total) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_nothing_measured_may_be_anything():
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_interval_of_a_difference_covers_what_it_should():
    """Bonett and Price: at least about 95 % of the intervals hold the true difference."""
    rng = np.random.default_rng(0)
    chances = [0.80, 0.08, 0.04, 0.08]  # both right, only the first, only the second, neither
    draws = rng.multinomial(200, chances, 4000)
    held = [
        low <= 0.04 <= high for low, high in (paired_difference(b, c, 200) for _, b, c, _ in draws)
    ]
    assert 0.94 <= np.mean(held) <= 0.98


def test_the_difference_by_hand():
    # (13 − 6)/102; 1.96 · √((13 + 6)/102 − (7/102)²) / √102
    low, high = paired_difference(12, 5, 100)
    assert (low + high) / 2 == pytest.approx(7 / 102)
    assert (high - low) / 2 == pytest.approx(0.08274, abs=1e-4)
    assert paired_difference(0, 0, 0)[0] >= -1
