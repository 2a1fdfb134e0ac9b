import numpy as np
from scipy.linalg import orthogonal_procrustes

from cnnviz.embedding.aligning import aligned, to_unit


def test_a_turned_and_mirrored_map_is_turned_back():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 2))
    turn = np.array([[np.cos(2), -np.sin(2)], [np.sin(2), np.cos(2)]])
    for mirror in (1, -1):
        moved = points @ turn * [1, mirror] + [3, -8]
        np.testing.assert_allclose(aligned(moved, points), points, atol=1e-9)


def test_it_is_the_rotation_that_scipy_finds_and_keeps_all_distances():
    rng = np.random.default_rng(1)
    points, reference = rng.normal(size=(2, 40, 2))
    found = aligned(points, reference)
    middle = points.mean(axis=0), reference.mean(axis=0)
    rotation, _ = orthogonal_procrustes(points - middle[0], reference - middle[1])
    np.testing.assert_allclose(found, (points - middle[0]) @ rotation + middle[1], atol=1e-9)
    before, after = (np.linalg.norm(x[:, None] - x[None], axis=-1) for x in (points, found))
    np.testing.assert_allclose(after, before, atol=1e-9)


def test_unit_size():
    points = np.random.default_rng(2).normal(5, 30, (40, 2))
    found = to_unit(points)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-12)
    assert np.isclose((found**2).sum(axis=1).mean(), 1)
    assert not to_unit(np.ones((4, 2))).any()
