import numpy as np
import pytest
from sklearn import metrics

from cnnviz.evaluation.curves import (
    Curve,
    average_precision,
    mean_average_precision,
    precision_recall,
    roc,
    thinned,
)


@pytest.fixture(params=["fine", "many ties"])
def scored(request):
    rng = np.random.default_rng(1)
    truth = rng.random(700) < 0.2
    scores = rng.normal(truth * 1.2, 1).astype(np.float32)
    return truth, np.round(scores) if request.param == "many ties" else scores


def test_roc_equals_scikit_learn(scored):
    curve = roc(*scored)
    assert curve.area == pytest.approx(metrics.roc_auc_score(*scored), abs=1e-12)
    x, y, _ = metrics.roc_curve(*scored, drop_intermediate=False)
    np.testing.assert_allclose(curve.x, x)
    np.testing.assert_allclose(curve.y, y)


def test_precision_recall_equals_scikit_learn(scored):
    curve = precision_recall(*scored)
    assert curve.area == pytest.approx(metrics.average_precision_score(*scored), abs=1e-12)
    precision, recall, _ = metrics.precision_recall_curve(*scored)
    np.testing.assert_allclose(curve.x[1:], recall[-2::-1])
    np.testing.assert_allclose(curve.y[1:], precision[-2::-1])


def test_average_precision_of_labels_and_of_several_at_once():
    rng = np.random.default_rng(2)
    scores = rng.random((300, 4)).astype(np.float32)
    several = rng.random((300, 4)) < 0.3
    expected = [metrics.average_precision_score(several[:, c], scores[:, c]) for c in range(4)]
    found = average_precision(several, scores)
    np.testing.assert_allclose(found, expected)
    assert mean_average_precision(found) == pytest.approx(
        metrics.average_precision_score(several, scores, average="macro")
    )
    labels = rng.integers(0, 4, 300)
    hot = labels[:, None] == np.arange(4)
    np.testing.assert_allclose(average_precision(labels, scores), average_precision(hot, scores))


def test_a_class_without_images_has_no_area_and_does_not_count():
    scores = np.random.default_rng(0).random((50, 3))
    labels = np.arange(50) % 2
    found = average_precision(labels, scores)
    assert np.isnan(found[2]) and not np.isnan(mean_average_precision(found))
    assert np.isnan(roc(np.ones(5, bool), scores[:5, 0]).area)
    assert np.isnan(mean_average_precision(np.array([np.nan])))


def test_thinned_curves_look_the_same():
    rng = np.random.default_rng(5)
    truth = rng.random(6_000) < 0.1
    scores = rng.normal(truth * 1.5, 1)
    for whole in (roc(truth, scores), precision_recall(truth, scores)):
        few = thinned(whole)
        assert len(few.x) <= 200 < len(whole.x) and few.area == whole.area
        assert _farthest_from(whole, few) < 0.004  # two pixels of a picture of 500


def _farthest_from(whole: Curve, few: Curve) -> float:
    """The largest distance of a point of the one to the line of the other."""
    points = np.stack([whole.x, whole.y], axis=1)[:, None]
    start = np.stack([few.x[:-1], few.y[:-1]], axis=1)
    along = np.stack([np.diff(few.x), np.diff(few.y)], axis=1)
    share = np.clip(((points - start) * along).sum(-1) / (along**2).sum(-1), 0, 1)
    return float(
        np.linalg.norm(points - start - share[..., None] * along, axis=-1).min(axis=1).max()
    )


def test_a_short_curve_stays_as_it_is():
    curve = roc(np.array([0, 1]), np.array([0.2, 0.8]))
    assert thinned(curve).x.tolist() == [0, 0, 1]
    assert thinned(Curve(np.zeros(0), np.zeros(0), float("nan"))).x.size == 0
