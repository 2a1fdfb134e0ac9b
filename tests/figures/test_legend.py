from io import BytesIO

import numpy as np
from PIL import Image

from cnnviz.figures import overlays
from cnnviz.figures.legend import _wrapped, font, legend_png


def photo(side=400, channels=3):
    return np.random.default_rng(0).integers(0, 256, (side, side, channels)).astype(np.uint8)


def test_legend_has_room_for_its_words_and_draws_chinese():
    heat = np.ones((7, 7), np.float32)
    short = Image.open(BytesIO(legend_png(photo(), heat, ["Cat"])))
    long = Image.open(BytesIO(legend_png(photo(), heat, ["Cat", "颜色越亮越重要" * 30])))
    assert short.width == long.width
    assert long.height > short.height + 2 * 29
    assert long.size[0] >= 2 * 400


def test_words_break_at_spaces_and_between_chinese_characters():
    look = font(19)
    pieces = [text for text, *_ in _wrapped("one two three", look, 60, 1)]
    assert " ".join(pieces) == "one two three" and len(pieces) >= 2
    pieces = [text for text, *_ in _wrapped("虎猫虎猫虎猫", look, 45, 1)]
    assert "".join(pieces) == "虎猫虎猫虎猫" and len(pieces) >= 2


def test_legend_shows_the_map_that_the_page_shows():
    """The same colours: with the page's strongest value, its ground, and its sign."""
    heat = np.random.default_rng(1).normal(size=(500, 500)).astype(np.float32)
    image = photo(500)
    under = overlays.ground(image, signed=True)
    look = {"signed": True, "largest": 2.5}
    page = Image.open(BytesIO(legend_png(image, heat, ["Cat"], under=under, **look)))
    pixels = np.asarray(page)
    wanted = overlays.overlay(under, heat, **look).image
    assert (pixels[28:528, 28:528] == image).all()
    assert (pixels[28:528, 544:1044] == wanted).all()
