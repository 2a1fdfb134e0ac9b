import numpy as np

from cnnviz.figures.receptive import Field, draw_field, field_of
from cnnviz.models.cards import ReceptiveField


def test_field_of_a_unit():
    field = ReceptiveField(size=(5, 7), stride=(2, 3), start=(-2, -3))
    assert field_of(field, (0, 0)) == Field(-2, -3, 3, 4)
    assert field_of(field, (4, 1)) == Field(6, 0, 11, 7)
    assert field_of(field, (0, 0)).clipped(20, 20) == Field(0, 0, 3, 4)


def test_inside_keeps_its_colours_and_the_rest_loses_them():
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    drawn = draw_field(image, ReceptiveField((20, 20), (1, 1), (0, 0)), (10, 10), side=400)
    assert drawn.shape == (400, 400, 3)
    centre = drawn[205:285:10, 205:285:10]
    assert (centre == image[20:28, 20:28]).all()
    outside = drawn[:90, :90].astype(int)
    assert np.ptp(outside, axis=-1).max() == 0
    assert (drawn[100, 150] == 255).all()  # the frame's outer line


def test_a_field_of_padding_only_frames_nothing():
    image = np.full((10, 10, 1), 200, np.uint8)
    drawn = draw_field(image, ReceptiveField((3, 3), (1, 1), (-5, -5)), (0, 0), side=100)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) == 1
