import numpy as np

from cnnviz.figures.channel import channel_strip, cut_patch, response_histogram, value_bars
from cnnviz.figures.colours import class_colour
from cnnviz.models.cards import ReceptiveField


def test_the_histogram_tells_some_classes_apart_and_adds_up_the_rest():
    counts = np.array([[3, 1, 0, 0], [0, 2, 0, 0], [5, 0, 0, 0]])
    wide = np.pad(counts, ((0, 0), (2, 0)))  # empty bins at either end are left out
    figure = response_histogram(
        np.linspace(-2, 4, 7), wide, ["a", "<b>", "c"], told_apart=[1], rest="others"
    )
    one, rest = figure.data
    assert one.name == "&lt;b&gt;" and one.marker.color == class_colour(1)
    np.testing.assert_array_equal(one.y, [0, 2])
    np.testing.assert_array_equal(rest.y, [8, 1])
    np.testing.assert_allclose(rest.x, [0.5, 1.5])
    plain = response_histogram(np.linspace(0, 4, 5), counts[:1])
    assert len(plain.data) == 1 and not plain.layout.showlegend
    assert len(response_histogram(np.zeros(5), np.zeros((1, 4), int)).data[0].y) == 1


def test_bars_have_a_colour_for_their_sign_and_room_for_their_labels():
    figure = value_bars(["x", "y", "z"], [2.0, -1.0, float("nan")], highlight=[0])
    colours = figure.data[0].marker.color
    assert colours[0] != colours[1]
    assert figure.data[0].text[2].strip() == "–" and "−1" in figure.data[0].text[1]
    small = value_bars(["x", "y"], [0.02, 0.5], classes=[0, 1]).data[0].text
    assert [t.strip() for t in small] == ["0.020", "0.500"]
    assert value_bars(["x", "y"], [0.0, 7.25]).data[0].text[0].strip() == "0"
    low, high = figure.layout.xaxis.range
    assert low < -1 and high > 2
    assert figure.layout.yaxis.ticktext[0].startswith("<b>")
    classes = value_bars(["x", "y"], [1, 2], classes=[3, 5])
    assert list(classes.data[0].marker.color) == [class_colour(3), class_colour(5)]
    assert classes.layout.xaxis.range[0] == 0


def test_the_strip_marks_dead_channels_by_a_sign():
    figure = channel_strip([0.9, 0.1], [7, 2], title="t", channel_word="<c> {channel}", share=True)
    assert len(figure.data) == 1 and figure.data[0].customdata[0] == "&lt;c&gt; 7"
    low, high = channel_strip([0, 0], [1, 2], title="t", channel_word="c").layout.yaxis.range
    assert low < 0 < high
    marked = channel_strip([0.9, 0], [7, 2], title="t", channel_word="c", marked=[False, True])
    np.testing.assert_array_equal(marked.data[1].x, [1])


def test_a_patch_is_what_the_unit_sees_of_the_image():
    image = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    field = ReceptiveField(size=(3, 3), stride=(2, 2), start=(-1, -1))
    patch = cut_patch(image, field, (1, 2), side=6)
    np.testing.assert_array_equal(patch[::2, ::2], image[1:4, 3:6])
    corner = cut_patch(image, field, (0, 0), side=2)
    np.testing.assert_array_equal(corner, image[:2, :2])
    np.testing.assert_array_equal(cut_patch(image, None, (0, 0), side=8), image)
