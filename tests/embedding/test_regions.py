import numpy as np

from cnnviz.embedding.regions import NO_CLASS, regions


def two_heaps():
    rng = np.random.default_rng(0)
    left, right = rng.uniform(0, 1, (200, 2)), rng.uniform(0, 1, (200, 2)) + [4, 0]
    return np.concatenate([left, right]), np.repeat([3, 5], 200)


def test_each_place_has_the_class_around_it_and_empty_ones_none():
    points, predicted = two_heaps()
    found = regions(points, predicted, grid=50)
    assert found.shape == (50, 50) and found.dtype == np.uint8
    assert set(np.unique(found)) == {3, 5, NO_CLASS}
    # The square is 5 wide; the heaps lie in the middle of its height, at both ends.
    assert (found[22:28, 1:8] == 3).all() and (found[22:28, 42:49] == 5).all()
    assert (found[:, 20:30] == NO_CLASS).all() and (found[:10] == NO_CLASS).all()


def test_the_first_row_is_the_lowest():
    points = np.array([[0.0, 0.0], [0.1, 0.0], [0.0, 9.0], [0.1, 9.0]])
    found = regions(points, np.array([1, 1, 2, 2]), grid=10)
    middle = found[:, 4:6]
    assert 1 in middle[0] and 2 in middle[-1]


def test_one_stray_answer_does_not_colour_its_place():
    points, predicted = two_heaps()
    predicted[0] = 9
    assert 9 not in regions(points, predicted, grid=50)


def test_what_cannot_be_drawn_is_left_out():
    points, predicted = two_heaps()
    assert regions(points, predicted + 300) is None
    assert regions(points[:0], predicted[:0]) is None
    assert (regions(points[:1], predicted[:1], grid=9) == 3).any()
