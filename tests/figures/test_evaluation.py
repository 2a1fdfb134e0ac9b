import json

import numpy as np

from cnnviz.figures import evaluation

LINE = np.linspace(0, 1, 5)


def test_curves_keep_the_colours_of_their_classes_and_names_are_no_markup():
    figure = evaluation.threshold_curves(
        [(0, "a<b>, AP 0.9", LINE, LINE), (3, "b", LINE, LINE), (-1, "all", LINE, LINE)],
        titles=("x", "y"),
        marked=3,
        chance=True,
    )
    names = [trace.name for trace in figure.data]
    assert names[-1] == "b"  # the marked one lies in front
    drawn = {trace.name: trace for trace in figure.data}
    assert drawn["a&lt;b&gt;, AP 0.9"].opacity < 1 == drawn["b"].opacity
    assert drawn["b"].line.color != drawn["all"].line.color


def test_empty_bins_have_no_bar_and_few_images_little_ink():
    counts = np.array([0, 2, 998])
    nothing = np.array([np.nan, 0.5, 0.9])
    figure = evaluation.reliability_bars(
        counts, nothing, nothing, titles=("x", "y"), words=("right", "images")
    )
    bars = figure.data[0]
    assert len(bars.x) == 2 and bars.marker.opacity[0] < 0.4 < bars.marker.opacity[1]
    json.loads(figure.to_json())


def test_every_call_is_a_dot_and_the_median_a_line():
    figure = evaluation.time_strips(
        ["one", "64"], [np.array([1.0, 2, 9]), np.array([0.5])], title="ms", median="median"
    )
    dots, line, *_rest = figure.data
    assert len(dots.x) == 3 and list(line.x) == [2, 2]


def test_groups_fill_one_bar():
    figure = evaluation.group_bar(["a", "b", "c", "d"], [7, 0, 2, 1], hover="images")
    assert [bar.x[0] for bar in figure.data] == [7, 0, 2, 1]
    assert figure.layout.xaxis.range[1] == 10
