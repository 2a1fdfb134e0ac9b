import numpy as np
import pytest
from sklearn.decomposition import PCA

from cnnviz.embedding.projection import pca, tsne
from cnnviz.embedding.quality import knn_accuracy
from cnnviz.errors import BadInput, Cancelled, NotPossible


def clusters(count=150, classes=3, features=60, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centres = rng.normal(0, 2, (classes, features))
    return (centres[labels] + rng.normal(0, 1, (count, features))).astype(np.float32), labels


def test_pca_equals_scikit_learn_up_to_sign():
    features, _ = clusters()
    found = pca(features, 3)
    expected = PCA(3, svd_solver="full").fit(features)
    for i in range(3):
        axis = expected.transform(features)[:, i]
        sign = np.sign(axis @ found.points[:, i])
        np.testing.assert_allclose(found.points[:, i], sign * axis, rtol=1e-2, atol=1e-3)
    np.testing.assert_allclose(found.place(features[:7]), found.points[:7], rtol=1e-5)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_tsne_keeps_planted_clusters_apart(dimensions):
    features, labels = clusters()
    found = tsne(features, dimensions)
    assert found.points.shape == (150, dimensions)
    assert knn_accuracy(found.points, labels) > 0.98
    # Shuffled labels: the figure is able to be bad.
    assert knn_accuracy(found.points, np.random.default_rng(0).permutation(labels)) < 0.6


def test_new_points_are_placed_in_their_cluster():
    features, labels = clusters(180)
    found = tsne(features[:150])
    placed = found.place(features[150:])
    centres = np.stack([found.points[labels[:150] == i].mean(0) for i in range(3)])
    nearest = np.linalg.norm(placed[:, None] - centres[None], axis=-1).argmin(axis=1)
    np.testing.assert_array_equal(nearest, labels[150:])


def test_tsne_shows_frames_is_repeatable_and_can_be_cancelled():
    features, _ = clusters(60)
    frames = []
    found = tsne(features, on_frame=lambda points, done: frames.append((points.copy(), done)))
    fractions = [done for _, done in frames]
    assert fractions == sorted(fractions)
    assert len(frames) > 30
    assert fractions[-1] == 1
    assert np.abs(frames[0][0] - frames[-1][0]).max() > 1
    np.testing.assert_allclose(tsne(features).points, found.points, rtol=1e-3, atol=1e-3)

    def cancelled():
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        tsne(features, check_cancelled=cancelled)


def test_pca_has_a_formula():
    features, _ = clusters()
    found = pca(features, 2)
    np.testing.assert_allclose(
        (features - found.centre) @ found.axes.T, found.points, rtol=1e-4, atol=1e-4
    )
    assert tsne(features[:30]).axes is None


def test_another_seed_starts_elsewhere():
    features, labels = clusters(60)
    first, again, other = (tsne(features, seed=s, late=50).points for s in (1, 1, 2))
    np.testing.assert_allclose(first, again, rtol=1e-3, atol=1e-3)
    assert np.abs(first - other).max() > 1
    assert knn_accuracy(other, labels) > 0.95


def test_too_little_is_a_sentence():
    with pytest.raises(BadInput, match="at least eight"):
        tsne(np.eye(5, 4))
    with pytest.raises(BadInput, match="2 or 3"):
        pca(np.zeros((9, 9)), 4)
    with pytest.raises(BadInput, match="too few"):
        pca(np.zeros((1, 9)), 2)


def test_features_that_say_nothing_are_a_sentence():
    with pytest.raises(NotPossible, match="the same to every image"):
        tsne(np.ones((20, 4), np.float16))
    with pytest.raises(NotPossible, match="not numbers"):
        pca(np.full((20, 4), np.nan))
