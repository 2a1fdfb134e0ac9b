import numpy as np
import pytest
from sklearn import metrics

from cnnviz.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    reliability,
    scaled,
)


def shares_of(scores):
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def honest():
    """Scores of 20,000 images whose labels are drawn from just the shares that they give."""
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 2, (20_000, 6))
    chances = shares_of(scores).astype(np.float64)
    labels = (rng.random((20_000, 1)) > np.cumsum(chances, axis=1)).sum(axis=1)
    return scores, np.minimum(labels, 5)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_found_and_takes_the_error_away(honest, factor):
    scores, labels = honest
    found = scaled(shares_of(scores * factor), labels)
    assert found.temperature == pytest.approx(factor, rel=0.03)
    assert found.temperatures == pytest.approx((factor, factor), rel=0.05)
    assert found.after.error < 0.012
    if factor != 1:
        assert found.before.error > 0.1
        assert found.after.nll < found.before.nll and found.after.brier < found.before.brier


def test_the_temperature_is_where_the_likelihood_is_largest(honest):
    scores, labels = honest
    shares = shares_of(scores * 1.7)
    best = fit_temperature(shares, labels)

    def loss(temperature):
        return metrics.log_loss(labels, shares_of(np.log(shares.astype(float)) / temperature))

    assert loss(best) < min(loss(best * 1.01), loss(best / 1.01))
    half = np.arange(0, 20_000, 2)
    assert fit_temperature(shares, labels, half) == pytest.approx(
        fit_temperature(shares[half], labels[half])
    )


def test_losses_equal_scikit_learn(honest):
    scores, labels = honest
    shares = shares_of(scores)[:500].astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    found = scaled(shares, labels[:500]).before
    assert found.nll == pytest.approx(metrics.log_loss(labels[:500], shares))
    expected = metrics.brier_score_loss(
        labels[:500], shares, scale_by_half=False, labels=np.arange(6)
    )
    assert found.brier == pytest.approx(expected)


def test_the_error_by_hand():
    """Bins are open below: 1/15 belongs to the first, as in Guo et al."""
    confidence = np.array([1 / 15, 0.5, 0.5, 1.0])
    counts, mean, accuracy = reliability(confidence, np.array([1, 1, 0, 1]))
    assert counts.tolist() == [1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1]
    assert np.isnan(mean[1]) and accuracy[7] == 0.5
    error = expected_calibration_error(counts, mean, accuracy)
    assert error == pytest.approx((1 * (1 - 1 / 15) + 2 * 0 + 1 * 0) / 4)


def test_one_that_is_always_right_only_reaches_the_limit():
    """No temperature is low enough for it: the search ends, and nothing becomes not a number."""
    shares = shares_of(np.eye(3)[np.arange(30) % 3] * 3)
    found = scaled(shares, np.arange(30) % 3)
    assert found.temperature == pytest.approx(0.05, rel=0.01)
    assert np.isfinite([found.after.error, found.after.nll, found.after.brier]).all()


def test_shares_that_were_rounded_to_nothing_are_no_obstacle():
    shares = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.9, 0.1]] * 5, np.float32)
    found = scaled(shares, np.array([0, 1, 1, 0] * 5))
    assert np.isfinite([found.before.nll, found.after.nll, found.temperature]).all()
    assert found.temperature > 1
