import re

import numpy as np
import pytest

from cnnviz.figures.rate_curve import rate_curve, schedule_svg


def heights(svg: str) -> list[float]:
    points = re.search(r'<polyline points="([^"]+)"', svg)[1].split()
    return [float(point.split(",")[1]) for point in points]


def test_the_small_picture_rises_and_falls_with_the_rate():
    ys = heights(schedule_svg([0.1, 0.5, 1.0, 0.2]))
    assert ys[2] < ys[1] < ys[3] < ys[0]  # SVG counts downwards


@pytest.mark.parametrize("rates", [[1e-7] * 3, [0.0, 0.0], [5.0]])
def test_a_level_or_an_empty_schedule_is_a_picture_too(rates):
    ys = heights(schedule_svg(rates, dark=True))
    assert len(ys) == len(rates) and len(set(ys)) == 1


def curve(suggested=None, **options):
    rates = np.geomspace(1e-6, 1, 50).tolist()
    losses = [2.3 - 2 / (1 + (1e-3 / r) ** 2) for r in rates[:-1]] + [400.0]
    words = {"rate_title": "rate", "loss_title": "loss", "suggestion": "<b>0.001</b>"}
    return rate_curve(rates, losses, losses, suggested, **words, **options)


def test_the_suggested_rate_is_marked_on_the_curve():
    figure = curve(1e-3)
    mark = figure.data[-1]
    assert mark.x == (1e-3,) and mark.y[0] == pytest.approx(1.3, abs=0.3)
    [words] = figure.layout.annotations
    assert words.text == "&lt;b&gt;0.001&lt;/b&gt;" and words.x == pytest.approx(-3)
    assert len(curve().data) == len(figure.data) - 1


def test_the_explosion_does_not_squash_what_comes_before_it():
    low, high = curve().layout.yaxis.range
    assert low == 0 and 2.3 < high < 10


def test_the_first_frames_of_a_search_can_be_drawn():
    words = {"rate_title": "rate", "loss_title": "loss"}
    assert rate_curve([], [], [], None, **words).layout.xaxis.type == "log"
    rate_curve([1e-6], [2.3], [2.3], None, **words, dark=True).to_json()
