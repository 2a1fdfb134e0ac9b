import numpy as np
import pytest

from cnnviz.figures import colours


@pytest.mark.parametrize("dark", [False, True])
def test_diverging_is_equally_light_at_equal_distance_from_zero(dark):
    lightness = colours.oklab(colours.diverging(dark))[:, 0]
    below, above = lightness[127:0:-1], lightness[129:]
    assert np.abs(below - above).max() < 0.04  # what 8-bit colours within sRGB allow
    strength = np.abs(lightness - lightness[128])[128:]
    assert (np.diff(strength) > -0.005).all()


@pytest.mark.parametrize("dark", [False, True])
def test_diverging_is_blue_below_red_above_and_colourless_at_zero(dark):
    table = colours.diverging(dark).astype(int)
    assert (table[20:110, 2] > table[20:110, 0]).all()
    assert (table[146:236, 0] > table[146:236, 2]).all()
    assert np.ptp(table[128]) <= 2


@pytest.mark.parametrize(
    "table", [colours.sequential(), colours.sequential(dark=True), colours.inferno()]
)
def test_sequential_maps_change_steadily_in_lightness(table):
    steps = np.diff(colours.oklab(table)[:, 0])
    assert (steps >= -0.004).all() or (steps <= 0.004).all()
    assert abs(steps.sum()) > 0.5


def test_oklab_there_and_back():
    cube = np.stack(np.meshgrid(*[np.arange(0, 256, 51)] * 3), axis=-1)
    assert (colours.from_oklab(colours.oklab(cube)) == cube).all()


def test_oklab_of_white_black_and_a_published_value():
    # Red from the definition's reference implementation.
    np.testing.assert_allclose(colours.oklab(np.array([255, 255, 255])), [1, 0, 0], atol=1e-3)
    np.testing.assert_allclose(colours.oklab(np.array([0, 0, 0])), [0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(
        colours.oklab(np.array([255, 0, 0])), [0.62796, 0.22486, 0.12585], atol=1e-4
    )


def test_class_colours_are_petroffs_ten_then_all_different_up_to_thirty():
    assert [colours.class_colour(i) for i in range(10)] == list(colours.PETROFF10)
    assert len({colours.class_colour(i) for i in range(30)}) == 30
    assert colours.class_colour(999) == colours.class_colour(999)


def test_class_colours_are_those_of_the_theme():
    import tomllib
    from pathlib import Path

    theme = tomllib.loads(Path(".streamlit/config.toml").read_text())["theme"]
    assert tuple(theme["chartCategoricalColors"]) == colours.PETROFF10


def test_tables_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        colours.inferno()[0] = 1
