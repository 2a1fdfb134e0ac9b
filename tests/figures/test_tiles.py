from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from cnnviz.figures import colours, tiles


def maps(count=6, side=9, seed=0):
    return np.random.default_rng(seed).integers(1, 256, (count, side, side)).astype(np.uint8)


def test_signed_quantisation_is_symmetric_and_zero_is_the_middle():
    values = np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32)
    values[0, 0] = 0
    levels, scale, signed = tiles.quantise(values)
    mirrored, *_ = tiles.quantise(-values)
    assert signed and scale == np.abs(values).max()
    assert levels[0, 0] == 128
    # Rounding half to even may differ by one level at exact halves only.
    assert np.abs(levels.astype(int) - 128 + mirrored.astype(int) - 128).max() <= 1
    assert np.abs(levels.astype(int) - 128).max() == 127


def test_unsigned_quantisation_uses_the_whole_range():
    levels, scale, signed = tiles.quantise(np.array([[0.0, 2.0, 4.0]]))
    assert (levels.tolist(), scale, signed) == ([[0, 128, 255]], 4.0, False)
    assert tiles.quantise(np.zeros((2, 2)))[1] == 0


def test_shared_scale_makes_equal_values_equal():
    a, b = np.array([[1.0, 4.0]]), np.array([[1.0, 2.0]])
    (qa, sa, _), (qb, sb, _) = tiles.quantise(a), tiles.quantise(b)
    shared = tiles.rescale(np.stack([qa, qb]), [sa, sb], signed=False)
    assert abs(int(shared[0, 0, 0]) - int(shared[1, 0, 0])) <= 1
    signed = tiles.rescale(np.full((2, 1, 1), 128, np.uint8), [1.0, 5.0], signed=True)
    assert (signed == 128).all()


def test_every_pixel_of_a_tile_maps_back_to_it_and_gaps_to_nothing():
    geometry = tiles.Geometry(count=7, columns=3, height=5, width=4, gap=2)
    seen = np.full(geometry.size, -1)
    for tile in range(7):
        y, x = geometry.origin(tile)
        seen[y : y + 5, x : x + 4] = tile
    for y in range(geometry.size[0]):
        for x in range(geometry.size[1]):
            found = geometry.tile_at(y, x)
            assert (-1 if found is None else found) == seen[y, x]
    assert geometry.tile_at(-1, 3) is None
    assert geometry.tile_at(3, geometry.size[1] + 1) is None


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("signed", [False, True])
def test_grid_shows_the_colours_of_the_map(signed, dark):
    data = maps()
    grid = tiles.tile_grid(data, signed=signed, side=18, columns=3, dark=dark)
    shown = np.asarray(Image.open(BytesIO(grid.png())).convert("RGBA")).astype(int)
    wanted = tiles.colour_table(signed, dark).astype(int)
    for tile in range(6):
        y, x = grid.geometry.origin(tile)
        part = shown[y : y + 18 : 2, x : x + 18 : 2]
        assert (part[..., 3] == 255).all()
        # Two neighbouring levels share a colour of the palette.
        near = np.stack([wanted[(data[tile].astype(int) + d).clip(0, 255)] for d in (-1, 0, 1)])
        assert (np.abs(part[..., :3] - near).max(axis=-1).min(axis=0) <= 3).all()
    assert (shown[0, :, 3] == 0).all()  # gaps let the page through


def test_zero_is_exactly_the_middle_of_the_diverging_map():
    grid = tiles.tile_grid(np.full((1, 4, 4), 128, np.uint8), signed=True, side=4, gap=0)
    assert (grid.table[grid.indices][..., :3] == colours.diverging()[128]).all()


def test_dead_channels_look_like_no_value_at_all():
    data = maps(2, 30)
    grid = tiles.tile_grid(data, dead=[False, True], side=30, columns=2, gap=0)
    alive, dead = grid.indices[:, :30], grid.indices[:, 30:]
    assert set(np.unique(dead)) == {1, 2}
    assert alive.min() > 3


def test_selected_tile_is_outlined_and_nothing_inside_changes():
    data = maps(4, 12)
    plain = tiles.tile_grid(data, side=12, columns=2, gap=3)
    chosen = tiles.tile_grid(data, side=12, columns=2, gap=3, selected=3)
    changed = plain.indices != chosen.indices
    assert changed.any()
    assert set(np.unique(chosen.indices[changed])) == {3}
    for tile in range(4):
        y, x = plain.geometry.origin(tile)
        assert not changed[y : y + 12, x : x + 12].any()


def test_large_maps_are_averaged_not_sampled():
    board = np.indices((100, 100)).sum(axis=0) % 2 * 200
    grid = tiles.tile_grid(board[None].astype(np.uint8), side=50, gap=0)
    assert len(np.unique(grid.indices)) == 1


def test_sixty_four_tiles_stay_small():
    data = np.random.default_rng(0).integers(0, 256, (64, 28, 28)).astype(np.uint8)
    assert len(tiles.tile_grid(data, side=54).png()) <= 120 * 1024


@pytest.mark.parametrize("channels", [1, 3])
def test_sprite_holds_every_image_where_its_geometry_says(channels):
    images = np.random.default_rng(0).integers(0, 256, (7, 6, 4, channels)).astype(np.uint8)
    sprite = tiles.image_sprite(images)
    picture = np.asarray(Image.open(BytesIO(sprite.data)).convert("RGB"))
    for i, image in enumerate(images):
        y, x = sprite.geometry.origin(i)
        assert (picture[y : y + 6, x : x + 4] == image).all()


def test_a_glanced_at_sprite_is_small_and_nearly_right():
    y, x = np.mgrid[:32, :32] * 8
    images = np.stack([y, x, (x + y) // 2], axis=-1)[None].repeat(9, axis=0).astype(np.uint8)
    sprite = tiles.image_sprite(images, exact=False)
    picture = np.asarray(Image.open(BytesIO(sprite.data)).convert("RGB")).astype(int)
    assert np.abs(picture[:32, :32] - images[0]).mean() < 8


def test_map_sprite_has_the_exact_colours():
    data = maps(5, 8)
    sprite = tiles.map_sprite(data, signed=True)
    picture = np.asarray(Image.open(BytesIO(sprite.data)).convert("RGB"))
    y, x = sprite.geometry.origin(4)
    assert (picture[y : y + 8, x : x + 8] == colours.diverging()[data[4]]).all()
