"""Nearest rows by cosine distance, held against scikit-learn's."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from cnnviz.evaluation import neighbours
from cnnviz.evaluation.neighbours import distances_to, nearest


@pytest.fixture
def rows():
    return np.maximum(np.random.default_rng(0).normal(size=(700, 12)), 0).astype(np.float16)


@pytest.mark.parametrize("block", [64, 8192])
def test_the_same_as_scikit_learn(rows, block, monkeypatch):
    monkeypatch.setattr(neighbours, "_BLOCK", block)
    queries = np.random.default_rng(1).normal(size=(40, 12)).astype(np.float32)
    found, distances = nearest(rows, queries, 7)
    known = NearestNeighbors(n_neighbors=7, metric="cosine", algorithm="brute")
    expected, places = known.fit(rows.astype(np.float64)).kneighbors(queries)
    np.testing.assert_array_equal(found, places)
    np.testing.assert_allclose(distances, expected, atol=2e-6)
    np.testing.assert_allclose(distances_to(rows, queries[0])[places[0]], expected[0], atol=2e-6)


def test_a_row_is_not_its_own_neighbour_where_that_is_asked(rows):
    places = np.array([3, 699, 5])
    with_itself, zero = nearest(rows, rows[places], 3)
    np.testing.assert_array_equal(with_itself[:, 0], places)
    np.testing.assert_allclose(zero[:, 0], 0, atol=1e-6)
    without, _ = nearest(rows, rows[places], 2, exclude=np.array([3, 699, -1]))
    np.testing.assert_array_equal(without[:2], with_itself[:2, 1:])
    assert without[2, 0] == 5


def test_length_does_not_count_and_of_equals_the_first_comes_first():
    rows = np.array([[0, 2], [3, 0], [1, 0], [9, 0]] * 5, np.float32)
    found, distances = nearest(rows, np.array([[1, 0]], np.float32), 4)
    assert found[0].tolist() == [1, 2, 3, 5]
    assert distances[0].tolist() == [0, 0, 0, 0]


def test_a_row_of_zeros_is_at_distance_one():
    rows = np.array([[0, 0], [1, 1], [-1, -1]], np.float32)
    found, distances = nearest(rows, np.array([[1, 1], [0, 0]], np.float32), 3)
    assert found[0].tolist() == [1, 0, 2]
    np.testing.assert_allclose(distances, [[0, 1, 2], [1, 1, 1]], atol=1e-6)


def test_no_more_than_there_are(rows):
    assert nearest(rows[:2], rows[:1], 5)[0].shape == (1, 2)
    assert nearest(rows[:2], rows[:1], 5, exclude=np.array([0]))[0].tolist() == [[1]]
    assert nearest(rows[:0], rows[:1], 5)[0].shape == (1, 0)
    assert distances_to(rows[:0], rows[0]).shape == (0,)
