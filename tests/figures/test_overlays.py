from xml.etree import ElementTree

import numpy as np

from cnnviz.figures import overlays


def photo(side=400, channels=3):
    return np.random.default_rng(0).integers(0, 256, (side, side, channels)).astype(np.uint8)


def test_cold_pixels_are_unchanged_and_hot_ones_are_not():
    image, heat = photo(), np.zeros((400, 400), np.float32)
    heat[100:200, 100:200] = 3.0
    heat[300:, :] = -5.0
    heat[:50] = np.nan
    result = overlays.overlay(image, heat)
    hot = np.zeros((400, 400), bool)
    hot[100:200, 100:200] = True
    assert (result.image[~hot] == image[~hot]).all()
    assert (result.image[hot] != image[hot]).any(axis=-1).mean() > 0.99
    assert result.evidence and result.largest == 3.0


def test_the_hottest_pixel_is_the_stated_mixture():
    image, heat = photo(), np.zeros((400, 400), np.float32)
    heat[7, 9] = 0.2
    mixed = overlays.overlay(image, heat, opacity=0.6).image[7, 9].astype(int)
    wanted = 0.4 * image[7, 9] + 0.6 * overlays.heat_table()[255]
    assert np.abs(mixed - wanted).max() <= 0.5


def test_opacity_follows_the_heat():
    image = np.full((400, 400, 3), 0, np.uint8)
    heat = np.linspace(0, 1, 400, dtype=np.float32)[None].repeat(400, axis=0)
    change = overlays.overlay(image, heat).image[0].sum(axis=-1).astype(int)
    assert change[0] == 0
    assert (np.diff(change[:150]) >= -1).all()


def test_no_positive_evidence_leaves_the_photo_and_says_so():
    for heat in (np.zeros((7, 7)), -np.ones((7, 7)), np.full((7, 7), np.nan)):
        result = overlays.overlay(photo(), heat)
        assert not result.evidence
        assert (result.image == photo()).all()


def test_signed_heat_is_symmetric():
    image = np.full((400, 400, 3), 128, np.uint8)
    heat = np.zeros((400, 400), np.float32)
    heat[0, 0], heat[0, 1], heat[0, 2] = 1.0, -1.0, -0.5
    result = overlays.overlay(image, heat, signed=True)
    red, blue = result.image[0, 0].astype(int), result.image[0, 1].astype(int)
    assert red[0] > red[2] and blue[2] > blue[0]
    assert (result.image[1:] == 128).all()
    assert overlays.overlay(image, -np.ones((4, 4)), signed=True).evidence


def test_a_shared_largest_value_makes_maps_comparable():
    heat = np.zeros((400, 400), np.float32)
    heat[0, 0] = 0.1
    faint = overlays.overlay(photo(), heat, largest=100.0)
    assert np.abs(faint.image.astype(int) - photo()).max() <= 1


def test_small_grey_digits_become_large_squares():
    digit = photo(28, 1)
    result = overlays.overlay(digit, np.zeros((28, 28)))
    assert result.image.shape == (392, 392, 3)
    assert (result.image[::14, ::14] == digit).all()
    assert (result.image[:14, :14] == digit[0, 0]).all()


def test_heat_of_any_resolution_lands_in_the_same_place():
    heat = np.zeros((4, 4), np.float32)
    heat[1, 2] = 1
    image = np.zeros((400, 400, 3), np.uint8)
    y, x = np.nonzero(overlays.overlay(image, heat).image.sum(axis=-1))
    # Half-pixel centres: cell (1, 2) of 4 lies at 150, 250 of 400.
    assert abs(y.mean() - 149.5) < 1 and abs(x.mean() - 249.5) < 1


def test_scale_escapes_its_words():
    svg = overlays.scale_svg("<b>none</b>", 'a "lot" & more')
    assert "<b>" not in svg and "&amp; more" in svg
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_a_signed_scale_has_both_colours_and_its_middle_is_clear():
    svg = overlays.scale_svg("against", "for", middle="nothing", signed=True)
    stops = ElementTree.fromstring(svg).findall(".//{*}stop")
    first, middle, last = (stops[i].get("stop-color") for i in (0, 8, 16))
    red, blue = (int(last[1:3], 16), int(last[5:7], 16)), (int(first[1:3], 16), int(first[5:7], 16))
    assert red[0] > red[1] and blue[1] > blue[0] and middle != first
    assert [float(stops[i].get("stop-opacity")) for i in (0, 8, 16)] == [1, 0, 1]


def test_the_strongest_value_forgives_a_few_pixels_that_outshine_all():
    heat = np.linspace(-2, 1, 10_000, dtype=np.float32).reshape(100, 100)
    heat[0, 0], heat[1, 1] = 500, np.nan
    assert overlays.strongest(heat) == 500
    assert 0.98 < overlays.strongest(heat, fine=True) < 1
    assert 1.97 < overlays.strongest(heat, signed=True, fine=True) < 2
    assert overlays.strongest(-np.ones((3, 3)), fine=True) == 0
    lonely = np.zeros((100, 100), np.float32)
    lonely[5, 5] = 3
    assert overlays.strongest(lonely, fine=True) == 3


def test_the_ground_for_pixels_is_grey_dim_or_pale():
    dim, pale = overlays.ground(photo(), signed=False), overlays.ground(photo(), signed=True)
    for one in (dim, pale):
        assert one.shape == (400, 400, 3) and (one == one[..., :1]).all()
    assert dim.max() < 90 and pale.min() > 165
    assert overlays.ground(photo(28, 1), signed=True).shape == (28, 28, 3)
