import numpy as np
import pytest
from sklearn import metrics

from cnnviz.compute.codec import decode, encode
from cnnviz.evaluation.measuring import Measures, measure


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 600)
    scores = rng.normal(0, 1, (600, 5)) + 2 * np.eye(5)[labels]
    shares = np.exp(scores)
    return (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32), labels


def test_areas_equal_scikit_learn_after_the_way_through_a_pipe(answers):
    shares, labels = answers
    found = Measures.from_message(decode(encode(measure(shares, labels).to_message())))
    hot = labels[:, None] == np.arange(4)
    expected = metrics.average_precision_score(hot, shares[:, :4], average=None)
    np.testing.assert_allclose(found.precision_recall.areas[:4], expected)
    assert np.isnan(found.precision_recall.areas[4])  # nothing is of the fifth class
    assert found.precision_recall.macro == pytest.approx(expected.mean())
    assert found.roc.macro == pytest.approx(
        metrics.roc_auc_score(hot, shares[:, :4], average="macro")
    )
    every = labels[:, None] == np.arange(5)
    assert found.roc.micro == pytest.approx(metrics.roc_auc_score(every.ravel(), shares.ravel()))
    x, y = found.roc.of(2)
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1) and len(x) <= 200
    assert len(found.roc.of(4)[0]) == 0 and len(found.roc.of(-1)[0]) > 2
    assert found.calibration.before.counts.sum() == 600
    assert sorted(found.order) == list(range(5))


def test_separate_answers_have_curves_but_no_calibration_of_the_vote(answers):
    found = measure(np.random.default_rng(1).random((600, 5)), answers[1], separate=True)
    assert found.calibration is None
    assert Measures.from_message(found.to_message()).calibration is None


def test_a_thousand_classes_fit_into_an_answer():
    rng = np.random.default_rng(0)
    labels = np.arange(1000)
    shares = rng.dirichlet(np.full(1000, 0.02), 1000).astype(np.float32)
    steps = []
    found = measure(shares, labels, report=steps.append)
    assert len(encode(found.to_message())) < 3_000_000
    assert steps == sorted(steps) or max(steps) <= 1
