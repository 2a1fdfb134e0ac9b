from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from cnnviz.figures import colours, png


def decoded(data: bytes, mode: str) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)).convert(mode))


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (64, 91)])
def test_decodes_to_the_exact_colours(shape):
    indices = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    image = png.encode_palette_png(indices, colours.inferno())
    assert (decoded(image, "RGB") == colours.inferno()[indices]).all()


def test_repeated_rows_and_opacity_are_exact_too():
    indices = png.enlarge(np.array([[0, 1], [2, 3]], np.uint8), 9)
    table = np.array([[1, 2, 3, 0], [9, 9, 9, 255], [255, 0, 0, 128], [0, 0, 1, 7]], np.uint8)
    assert (decoded(png.encode_palette_png(indices, table), "RGBA") == table[indices]).all()


def test_enlarged_rows_cost_next_to_nothing():
    small = np.random.default_rng(0).integers(0, 256, (32, 32)).astype(np.uint8)
    once = len(png.encode_palette_png(small, colours.inferno()))
    assert len(png.encode_palette_png(png.enlarge(small, 8), colours.inferno())) < 3 * once


def test_an_index_without_a_colour_is_refused():
    with pytest.raises(ValueError, match="colour"):
        png.encode_palette_png(np.array([[3]], np.uint8), colours.inferno()[:3])


def test_enlarge_to_chooses_the_nearest_whole_factor():
    assert png.enlarge_to(np.zeros((28, 14)), 100).shape == (112, 56)
    assert png.enlarge_to(np.zeros((300, 10)), 100).shape == (300, 10)
