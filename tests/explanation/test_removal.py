import numpy as np

from cnnviz.explanation.removal import first_pixels, random_heat, ranking, replaced


def test_pixels_are_ranked_brightest_first():
    heat = np.array([[0.5, -1.0], [3.0, 1.0]], np.float32)
    np.testing.assert_array_equal(ranking(heat), [2, 3, 0, 1])


def test_equal_values_come_in_the_same_random_order_every_time():
    heat = np.zeros((16, 16), np.float32)
    heat[4, 5] = 1
    order = ranking(heat)
    assert order[0] == 4 * 16 + 5
    np.testing.assert_array_equal(order, ranking(heat.copy()))
    assert sorted(order) == list(range(256))
    first = first_pixels(order, 0.5, heat.shape)
    assert 30 < first[:8].sum() < 98, "reading order would take the whole upper half"


def test_shares_are_rounded_to_whole_pixels():
    order = np.array([2, 0, 1, 3], np.int32)
    for share, expected in ((0, []), (0.25, [2]), (0.5, [0, 2]), (1, [0, 1, 2, 3])):
        np.testing.assert_array_equal(np.flatnonzero(first_pixels(order, share, (2, 2))), expected)


def test_only_the_chosen_pixels_are_replaced():
    image, other = np.zeros((2, 2, 3)), np.ones((2, 2, 3))
    where = np.array([[True, False], [False, False]])
    np.testing.assert_array_equal(replaced(image, where, other).sum(axis=2), [[3, 0], [0, 0]])


def test_random_maps_follow_from_their_seed():
    assert (random_heat((3, 4), 1, 2) == random_heat((3, 4), 1, 2)).all()
    assert (random_heat((3, 4), 1, 2) != random_heat((3, 4), 1, 3)).any()
