import numpy as np

from cnnviz.figures.colours import class_colour
from cnnviz.figures.space import separation, solid


def test_layers_from_top_to_bottom_with_the_chosen_one_larger():
    figure = separation(
        ["first", "<b>", "last"],
        [0.3, 0.6, 0.9],
        [np.nan, 0.1, 0.4],
        current=1,
        chance=0.1,
        titles=("neighbours", "silhouette", "guessing"),
    )
    knn, apart = figure.data
    assert list(knn.x) == [0.3, 0.6, 0.9] and list(knn.y) == [0, 1, 2]
    assert list(apart.x) == [None, 0.1, 0.4]
    assert np.argmax(knn.marker.size) == 1
    top, bottom = figure.layout.yaxis.range[1], figure.layout.yaxis.range[0]
    assert top < 0 < 2 < bottom
    assert figure.layout.yaxis.ticktext[1].startswith("&lt;b&gt;")
    assert figure.layout.xaxis.range[0] < 0 < 0.1


def test_a_cloud_has_a_colour_a_class():
    points = np.arange(12, dtype=np.float32).reshape(4, 3)
    figure = solid(points, np.array([2, 0, 2, 0]), ["a", "b", "<i>"])
    assert [t.marker.color for t in figure.data] == [class_colour(0), class_colour(2)]
    assert list(figure.data[1].x) == [0, 6] and "&lt;i&gt;" in figure.data[1].hovertemplate
