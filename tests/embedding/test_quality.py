import numpy as np
import pytest
from sklearn.manifold import trustworthiness as reference
from sklearn.metrics import silhouette_score
from sklearn.model_selection import LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from cnnviz.embedding import quality
from cnnviz.embedding.quality import knn_accuracy, silhouette, trustworthiness


def heaps(count=120, classes=3, features=8, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    return rng.normal(0, 2, (classes, features))[labels] + rng.normal(
        size=(count, features)
    ), labels


@pytest.mark.parametrize("neighbours", [1, 5, 10])
def test_trustworthiness_equals_scikit_learn(neighbours, monkeypatch):
    features, _ = heaps()
    points = features[:, :2] + np.random.default_rng(1).normal(size=(120, 2))
    expected = reference(features, points, n_neighbors=neighbours)
    assert 0.5 < expected < 0.99
    assert trustworthiness(features, points, neighbours) == pytest.approx(expected, abs=1e-12)
    monkeypatch.setattr(quality, "_BLOCK_VALUES", 700)  # a few rows at a time
    assert trustworthiness(features, points, neighbours) == pytest.approx(expected, abs=1e-12)


def test_trustworthiness_knows_a_perfect_map_and_a_random_one():
    features, _ = heaps(features=2)
    assert trustworthiness(features, 3 * features + 1) == 1
    random = np.random.default_rng(2).normal(size=features.shape)
    assert trustworthiness(features, random) == pytest.approx(0.5, abs=0.1)
    assert trustworthiness(features[:20], features[:20]) is None


def test_trustworthiness_is_the_same_far_from_the_origin():
    features, _ = heaps()
    points = features[:, :2]
    there = trustworthiness(features + 1e4, points)
    assert there == pytest.approx(trustworthiness(features, points), abs=1e-9)


def test_silhouette_equals_scikit_learn():
    features, labels = heaps()
    expected = silhouette_score(features, labels)
    assert silhouette(features, labels) == pytest.approx(expected, abs=1e-6)
    assert silhouette(features, np.zeros(120, int)) is None
    assert silhouette(features, np.arange(120)) is None


def test_neighbours_by_hand():
    points = np.array([[0.0], [1], [2], [10], [11], [12]])
    assert knn_accuracy(points, np.array([0, 0, 0, 1, 1, 1]), 2) == 1
    # The fourth and fifth see a 0 and a 1, and 0 counts; the last sees two of class 1.
    assert knn_accuracy(points, np.array([0, 0, 0, 1, 1, 0]), 2) == 0.5
    assert knn_accuracy(points, np.array([7, 7, 7, 900, 900, 900]), 2) == 1


def test_neighbours_equal_scikit_learns_classifier_left_one_out():
    features, labels = heaps(90)
    classifier = KNeighborsClassifier(9)
    expected = cross_val_score(classifier, features, labels, cv=LeaveOneOut()).mean()
    assert knn_accuracy(features, labels, 9) == pytest.approx(expected)
