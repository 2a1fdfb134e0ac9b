import numpy as np
from sklearn.neighbors import NearestNeighbors

from cnnviz.evaluation import novelty
from cnnviz.evaluation.novelty import NEIGHBOUR, find_novel


def clouds(count, seed):
    """Features of three kinds of things."""
    rng = np.random.default_rng(seed)
    return 4 * np.eye(3, 16)[rng.integers(0, 3, count)] + rng.normal(0, 0.3, (count, 16))


def test_a_kind_that_training_never_saw_is_found():
    training, usual = clouds(1000, 0), clouds(500, 1)
    strange = 4 * np.eye(16)[[9] * 20] + np.random.default_rng(2).normal(0, 0.3, (20, 16))
    found = find_novel(np.concatenate([usual, strange]).astype(np.float16), training)
    assert found.where[500:].all() and found.where[:500].mean() < 0.04
    assert found.distance[500:].min() > found.distance[:500].max()


def test_distances_are_those_of_scikit_learn():
    training, images = clouds(300, 0), clouds(80, 1)
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (training, images)]
    known = NearestNeighbors().fit(unit[0])
    found = find_novel(images, training)
    far = known.kneighbors(unit[1], NEIGHBOUR)[0][:, -1]
    np.testing.assert_allclose(found.distance, far, atol=1e-3)
    own = known.kneighbors(None, NEIGHBOUR)[0][:, -1]  # without the image itself
    assert abs(found.limit - np.percentile(own, 99)) < 1e-3


def test_blocks_make_no_difference(monkeypatch):
    training, images = clouds(300, 0), clouds(80, 1)
    whole = find_novel(images, training)
    monkeypatch.setattr(novelty, "_CELLS", 1000)
    parts = find_novel(images, training)
    np.testing.assert_allclose(parts.distance, whole.distance, atol=1e-3)


def test_few_and_strange_features():
    few = find_novel(clouds(3, 0), clouds(2, 1))
    assert few.where.shape == (3,)
    same = find_novel(np.zeros((4, 5)), np.zeros((6, 5)))
    assert not same.where.any()
    broken = clouds(5, 0)
    broken[0] = np.nan
    assert np.isfinite(find_novel(broken, clouds(50, 1)).distance).all()
