import numpy as np
import pytest
from openTSNE import TSNEEmbedding, affinity
from sklearn.neighbors import NearestNeighbors

from cnnviz.embedding.placing import farther_than, landing, nearest_rows, placed_by


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(300, 12)).astype(np.float16)


def test_neighbours_equal_scikit_learns(features):
    query = np.random.default_rng(1).normal(size=12)
    rows, distances = nearest_rows(features, query)
    expected = NearestNeighbors(n_neighbors=300, algorithm="brute").fit(features.astype(float))
    apart, order = expected.kneighbors(query[None])
    np.testing.assert_array_equal(rows, order[0])
    np.testing.assert_allclose(distances, apart[0], rtol=1e-9)


def test_an_image_lands_where_opentsne_would_place_it(features):
    rows = features.astype(np.float64)
    points = np.random.default_rng(2).normal(size=(300, 2))
    near = affinity.PerplexityBasedNN(rows, perplexity=10, method="exact", n_jobs=1)
    known = TSNEEmbedding(points, near)
    query = rows[:5] + 0.01
    expected = np.asarray(known.prepare_partial(query, k=25, perplexity=10))
    for place, one in zip(expected, query, strict=True):
        rows_near, _ = nearest_rows(features, one)
        np.testing.assert_allclose(landing(points, rows_near[:25]), place, rtol=1e-6)


def test_small_maps_place_by_fewer_neighbours():
    assert [placed_by(n) for n in (5, 60, 250, 10_000)] == [1, 6, 25, 25]


def test_what_is_unlike_all_others_is_told(features):
    own = NearestNeighbors(n_neighbors=2).fit(features.astype(float)).kneighbors()[0][:, 0]
    middle = float(np.median(own))
    assert farther_than(features, middle) == pytest.approx(0.5, abs=0.1)
    assert farther_than(features, float(own.max()) + 0.1) == 1
    assert farther_than(features, 0.0) == 0
