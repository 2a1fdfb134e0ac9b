import numpy as np
import pytest
from scipy.stats import binomtest

from cnnviz.evaluation.comparing import GROUPS, compare, group_of, mcnemar


@pytest.mark.parametrize("pair", [(0, 0), (5, 5), (0, 8), (3, 11), (40, 71), (900, 1100), (5, 6)])
def test_mcnemar_is_the_exact_binomial_test(pair):
    expected = binomtest(pair[0], sum(pair)).pvalue if sum(pair) else 1.0
    assert mcnemar(*pair) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(*pair[::-1]) == mcnemar(*pair)


def test_every_image_is_in_one_group():
    rng = np.random.default_rng(0)
    first, second = rng.random(100) < 0.8, rng.random(100) < 0.6
    found = compare(first, second)
    together = np.concatenate([group_of(first, second, name) for name in GROUPS])
    assert sorted(together) == list(range(100)) and found.total == 100
    assert found.difference == pytest.approx(first.mean() - second.mean())
    low, high = found.interval
    assert low < found.difference < high
    assert (first & ~second)[group_of(first, second, "only_first")].all()
    assert 0 < found.p_value < 0.05
