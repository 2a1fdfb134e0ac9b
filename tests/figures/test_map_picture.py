"""The forming map: points lie where they should, in their classes' colours."""

from __future__ import annotations

import numpy as np

from cnnviz.figures.colours import class_colour, rgb
from cnnviz.figures.map_picture import map_picture


def test_points_lie_where_they_should():
    points = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    picture = map_picture(points, [0, 1, 2], size=(100, 200))
    assert picture.shape == (100, 200, 4)
    # one scale for both axes, the middle of the points in the middle, the second axis upwards
    for (y, x), label in (((96, 54), 0), ((96, 146), 1), ((4, 146), 2)):
        assert tuple(picture[y, x, :3]) == rgb(class_colour(label))
    assert picture[50, 5, 3] == 0


def test_one_point_and_none():
    assert map_picture(np.zeros((1, 2)), [3], size=(40, 40))[20, 20, 3] == 255
    assert not map_picture(np.zeros((0, 2)), [], size=(40, 40)).any()
