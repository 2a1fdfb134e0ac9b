from cnnviz.figures.colours import accent, oklab, rgb
from cnnviz.figures.parallel import Axis, Line, parallel

AXES = (
    Axis("Learning rate", [(0.0, "0.001"), (1.0, "0.1")]),
    Axis("<b>Mine</b>", [(0.5, "yes")]),
    Axis("right", [(0.0, "40 %"), (1.0, "90 %")]),
)
LINES = (
    Line((0.0, 0.5, 0.0), 0.0, "Trial 1"),
    Line((1.0, 0.5, 1.0), 1.0, "Trial 2 <i>", best=True),
    Line((1.0, 0.5, 0.8), 0.8, "Trial 3"),
    Line((0.0, None, None), None, "Trial 4"),
)


def drawn(dark=False):
    figure = parallel(AXES, LINES, best="best", dark=dark)
    return figure, {trace.hovertemplate.split("<extra>")[0]: trace for trace in figure.data}


def test_a_line_a_trial_through_its_values():
    figure, traces = drawn()
    assert list(traces["Trial 1"].x) == [0.0, 0.5, 0.0]
    assert list(traces["Trial 4"].x) == [0.0, None, None] and traces["Trial 4"].line.dash == "dot"
    assert figure.data[-1].line.color == accent(False)  # on top of the others
    assert min(trace.line.width for trace in figure.data) >= 3


def test_better_stands_out_more_on_both_backgrounds():
    for dark in (False, True):
        _figure, traces = drawn(dark)
        light = [oklab(rgb(traces[f"Trial {n}"].line.color))[0] for n in (1, 3)]
        assert (light[0] < light[1]) == dark and abs(light[0] - light[1]) > 0.2


def test_typed_text_is_no_markup():
    figure, traces = drawn()
    assert "Trial 2 &lt;i&gt;" in traces
    texts = [a.text for a in figure.layout.annotations]
    assert "<b>&lt;b&gt;Mine&lt;/b&gt;</b>" in texts and "<b>best</b>" in texts
    assert {"0.001", "0.1", "40 %", "90 %"} <= set(texts)
