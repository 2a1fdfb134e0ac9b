"""Probes held against scikit-learn's, and constructed images that lean to one side."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from cnnviz.evaluation.parting import (
    Course,
    course,
    discriminant,
    probe,
    reliable_from,
    shrinkage,
)


def clouds(gap: float, width: int = 6, each: int = 120, seed: int = 0):
    """Two normal clouds, ``gap`` apart along the first axis."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(2 * each, width))
    first = np.arange(2 * each) % 2 == 0
    rows[first, 0] += gap
    return rows, first


@pytest.mark.parametrize("shape", [(150, 10), (40, 90)])
def test_shrinkage_is_ledoit_and_wolf_s(shape):
    rows = np.random.default_rng(0).normal(size=shape) * np.linspace(0.2, 3, shape[1])
    rows -= rows.mean(axis=0)
    expected = ledoit_wolf_shrinkage(rows, assume_centered=True)
    assert shrinkage(rows) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("width", [5, 300])
def test_the_direction_solves_the_shrunk_equations(width):
    rows, first = clouds(1.5, width, each=60)
    rows *= np.linspace(0.5, 20, width)
    direction, offset = discriminant(rows, first)
    centred = rows - np.where(first[:, None], rows[first].mean(0), rows[~first].mean(0))
    scale = centred.std(axis=0)
    share = ledoit_wolf_shrinkage(centred / scale, assume_centered=True)
    covariance = np.cov((centred / scale).T, bias=True)
    shrunk = (1 - share) * covariance + share * np.trace(covariance) / width * np.eye(width)
    gap = (rows[first].mean(0) - rows[~first].mean(0)) / scale
    np.testing.assert_allclose(direction, np.linalg.solve(shrunk, gap) / scale, rtol=1e-6)
    middle = (rows[first].mean(0) + rows[~first].mean(0)) / 2
    assert middle @ direction + offset == pytest.approx(0, abs=1e-9)


def test_decisions_are_scikit_learn_s():
    rows, first = clouds(1.0, each=200)
    direction, offset = discriminant(rows, first)
    known = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(rows, first)
    assert ((rows @ direction + offset > 0) == known.predict(rows)).mean() > 0.99


def test_accuracy_is_that_of_images_it_was_not_fitted_to():
    rows, first = clouds(0.0, width=400, each=60)  # nothing to tell, and room to learn by heart
    assert probe(rows, first).accuracy == pytest.approx(0.5, abs=0.12)
    direction, offset = discriminant(rows, first)
    assert ((rows @ direction + offset > 0) == first).mean() > 0.95
    rows, first = clouds(2.0, each=400)  # two normal clouds 2 apart: 84 % by the best rule
    assert probe(rows, first).accuracy == pytest.approx(0.84, abs=0.03)
    rows, first = clouds(30.0)
    assert probe(rows, first).accuracy == 1


def test_leanings_are_probabilities():
    rows, first = clouds(2.0, each=2000)
    fitted = probe(rows, first)
    fresh = np.zeros((5, 6))
    fresh[:, 0] = [-1, 0, 1, 2, 3]  # log-odds of the two clouds: 2 x − 2
    np.testing.assert_allclose(fitted.leaning(fresh), np.tanh(fresh[:, 0] - 1), atol=0.05)


def test_where_nothing_is_told_nothing_leans():
    for seed in range(5):
        rows, first = clouds(0.0, width=50, each=200, seed=seed)
        assert np.abs(probe(rows, first).leaning(rows)).mean() < 0.2
    flat = np.ones((40, 3))
    fitted = probe(flat, np.arange(40) < 20)
    assert fitted.leaning(flat).tolist() == [0] * 40 and fitted.accuracy == 0.5


def test_classes_of_very_different_size_count_alike():
    rows, first = clouds(0.0, each=200)
    keep = ~first | (np.cumsum(first) <= 10)
    assert probe(rows[keep], first[keep]).accuracy == pytest.approx(0.5, abs=0.2)
    assert abs(probe(rows[keep], first[keep]).leaning(np.zeros((1, 6)))[0]) < 0.3


@pytest.mark.parametrize(
    ("leanings", "expected"),
    [
        ([0.1, -0.2, 0.29], Course("unclear")),
        ([0.4, 0.9, 1], Course("steady", 1, 0)),
        ([-0.4, -0.1, -0.8], Course("steady", -1, 0, None, 1)),
        ([0.1, -0.2, -0.5, -0.9], Course("late", -1, 2)),
        ([0.6, 0.8, 0.1, -0.5, -0.9], Course("turns", -1, 3, 1)),
        ([0.1, 0.8, -0.5, 0.1], Course("turns", -1, 2, 1, 1)),
        ([0.6, -0.8, 0.5, 0.2, -0.9], Course("wavers", -1, 4, 2)),
        ([-0.6, 0.8, -0.5, 0.9, 1], Course("wavers", 1, 3, 2)),
        ([], Course("unclear")),
    ],
)
def test_a_course_in_a_word(leanings, expected):
    assert course(leanings) == expected


def test_from_where_on_the_classes_are_told_apart():
    assert reliable_from([0.6, 0.95, 0.8, 0.9, 0.99]) == 3
    assert reliable_from([0.95, 0.99]) == 0
    assert reliable_from([0.95, 0.6]) is None
    assert reliable_from([]) is None
