"""Several trainings in one chart: told apart by colour, sign and letter, and never hidden."""

from __future__ import annotations

import numpy as np
import pytest

from cnnviz.figures.comparison import MOST, Line, Series, compared, look


def line(letter: str, *accuracy: float) -> Line:
    steps = np.arange(1, 201) / 50
    return Line(
        letter,
        f"run {letter} <i>",
        Series(steps, np.linspace(0.1, 0.9, 200)),
        Series(range(1, 1 + len(accuracy)), accuracy),
    )


def test_validation_is_thick_and_training_thin():
    figure = compared("accuracy", [line("A", 0.5, 0.6), line("B", 0.4, 0.7)])
    thin, thick = figure.data[::2], figure.data[1::2]
    assert {trace.line.width for trace in thick} == {4}
    assert all(trace.line.width < 2 for trace in thin)
    assert [trace.line.color for trace in thin] == [trace.line.color for trace in thick]
    assert "<i>" not in thick[0].hovertemplate


def test_at_most_eight_lines_that_differ_in_colour_and_sign():
    figure = compared("accuracy", [line(letter, 0.5) for letter in "ABCDEFGHIJ"])
    shown = figure.data[1::2]
    assert len(shown) == MOST
    assert len({trace.line.color for trace in shown}) == MOST
    assert len({trace.marker.symbol for trace in shown}) == MOST
    assert len({look(position) for position in range(MOST)}) == MOST


def test_small_differences_at_the_end_show():
    figure = compared("accuracy", [line("A", 0.2, 0.91, 0.92, 0.93), line("B", 0.9, 0.9, 0.9, 0.9)])
    assert figure.layout.yaxis.range[0] == pytest.approx(0.8)


def test_letters_of_lines_that_end_together_do_not_overlap():
    figure = compared("accuracy", [line(letter, 0.5, 0.9) for letter in "ABC"], epochs=2)
    low, high = figure.layout.yaxis.range
    places = sorted(
        a.y for a in figure.layout.annotations if a.text.startswith("<b>") and len(a.text) == 8
    )
    assert len(places) == 3
    assert min(np.diff(places)) >= 0.05 * (high - low)


@pytest.mark.parametrize("measure", ["accuracy", "loss"])
def test_the_axes_stand_still_while_the_curves_grow(measure):
    early = compared(measure, [line("A", 0.52, 0.6)], epochs=10, growing=True)
    later = compared(measure, [line("A", 0.52, 0.6, 0.61, 0.605)], epochs=10, growing=True)
    assert early.layout.xaxis.range == later.layout.xaxis.range == (0, 10.2)
    assert early.layout.yaxis.range == later.layout.yaxis.range


def test_runs_that_have_said_nothing_yet_are_an_empty_chart():
    figure = compared("accuracy", [Line("A", "a"), Line("B", "b")], epochs=3)
    assert figure.layout.yaxis.range == (0, 1.01)
    assert figure.layout.xaxis.range[1] == pytest.approx(3.06)
