import statistics
import time

import numpy as np
import pytest

from cnnviz.figures.training import Mark, loss_top, rate_curve, training_curve


@pytest.mark.parametrize("measure", ["loss", "accuracy"])
def test_long_trainings_stay_small_and_keep_their_extremes(measure):
    steps = np.arange(100_000)
    values = np.random.default_rng(0).random(100_000) * 0.5
    values[[123, 45_678]] = 0.99, -0.5
    figure = training_curve(
        measure,
        {"step": steps, measure: values},
        {"step": [500], measure: [0.5]},
        title="x",
    )
    drawn = figure.data[0]
    assert len(drawn.x) <= 502 and drawn.x[-1] == 99_999
    assert max(drawn.y) == np.float32(0.99) and min(drawn.y) == -0.5
    assert len(figure.to_json()) < 30_000


def test_ten_thousand_events_are_drawn_in_a_tenth_of_a_second():
    rng = np.random.default_rng(0)
    batches = {"step": tuple(range(1, 10_001)), "loss": tuple(rng.random(10_000).tolist())}
    validation = {"step": tuple(range(100, 10_001, 100)), "loss": tuple(rng.random(100).tolist())}
    times = []
    for _attempt in range(5):
        began = time.process_time()
        training_curve("loss", batches, validation, title="Loss", total_steps=10_000).to_json()
        times.append(time.process_time() - began)
    assert statistics.median(times) < 0.1


def test_a_curve_without_any_point_can_be_drawn():
    figure = training_curve("loss", {}, {}, title="Loss", total_steps=300)
    assert figure.layout.xaxis.range[1] >= 300


def test_axes_stand_still_while_a_curve_grows():
    rng = np.random.default_rng(0)
    values = 2.3 * np.exp(-np.arange(2_000) / 400) + 0.05 * rng.random(2_000)
    tops, widths = set(), set()
    for grown in range(200, 2_000, 20):
        batches = {"step": np.arange(1, grown + 1), "loss": values[:grown]}
        figure = training_curve("loss", batches, {}, title="x", total_steps=2_000)
        tops.add(figure.layout.yaxis.range[1])
        widths.add(figure.layout.xaxis.range[1])
    assert len(tops) == 1 and len(widths) == 1


def test_the_end_of_a_loss_axis_is_round_and_above_nearly_everything():
    assert loss_top(np.array([])) == 1
    assert loss_top(np.array([0.0])) == 1
    for scale in (1e-4, 0.3, 2.31, 7.0, 9.9, 4_000.0):
        values = np.linspace(0, scale, 500)
        assert np.percentile(values, 99) < loss_top(values) <= 1.35 * scale


def test_marks_have_a_line_a_sign_and_a_text_that_is_no_markup():
    marks = [Mark(10, "‖", "<b>paused</b>"), Mark(40, "▶", "went on")]
    figure = training_curve("loss", {"step": [1], "loss": [2.0]}, {}, title="x", marks=marks)
    assert [line.x0 for line in figure.layout.shapes] == [10, 40]
    signs = figure.data[-1]
    assert list(signs.text) == ["‖", "▶"]
    assert "<b>" not in signs.hovertext[0]


def test_rates_over_a_wide_span_are_drawn_logarithmically():
    steps = np.arange(1, 101)
    narrow = rate_curve(steps, np.linspace(0.001, 0.002, 100), title="rate")
    assert narrow.layout.yaxis.type == "linear" and narrow.layout.yaxis.range[1] > 0.002
    wide = rate_curve(steps, np.geomspace(1e-1, 1e-4, 100), title="rate")
    assert wide.layout.yaxis.type == "log"
    low, high = wide.layout.yaxis.range
    assert 10**low < 1e-4 and 10**high > 1e-1
    to_nothing = rate_curve(steps, np.linspace(0.1, 0, 100), title="rate")
    assert to_nothing.layout.yaxis.range[0] > -7
