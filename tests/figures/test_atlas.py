"""Thumbnails of many images on sheets: each lies where the geometry says, in order."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cnnviz.figures import atlas as module
from cnnviz.figures.atlas import Atlas, atlas_of, thumbnail, thumbnail_size


def cut(atlas: Atlas, index: int) -> np.ndarray:
    """Thumbnail ``index`` (h, w, 3), as a browser finds it."""
    sheet, place = divmod(index, atlas.geometry.count)
    sprite = atlas.sheets[sheet]
    picture = cv2.imdecode(np.frombuffer(sprite.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    top, left = sprite.geometry.origin(place)
    return picture[top : top + sprite.geometry.height, left : left + sprite.geometry.width]


def plain(index: int, height: int, width: int, channels: int) -> np.ndarray:
    return np.full((height, width, channels), (40 * index) % 200 + index % 30, np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(28, 28), (16, 32), (90, 60)])
@pytest.mark.parametrize("count", [1, 3, 16, 17, 100])
def test_every_thumbnail_lies_where_it_should(count, shape, channels):
    atlas = atlas_of((plain(i, *shape, channels) for i in range(count)), largest=130)
    assert atlas.count == count
    assert sum(sheet.geometry.count for sheet in atlas.sheets) == count
    assert len({sheet.geometry.count for sheet in atlas.sheets[:-1]}) <= 1
    for sheet in atlas.sheets:
        assert max(sheet.geometry.size) <= 130
    for index in {0, count // 2, count - 1}:
        found = cut(atlas, index)
        assert found.shape[:2] == thumbnail_size(*shape) and max(found.shape) <= 32
        # JPEG blocks reach across edges where thumbnails are no multiple of eight
        middle = found[found.shape[0] // 2, found.shape[1] // 2].astype(int)
        assert np.abs(middle - plain(index, 1, 1, 1).item()).max() <= (0 if channels == 1 else 6)


def test_images_are_averaged_down_and_small_ones_stay_as_they_are():
    board = np.indices((64, 64)).sum(axis=0) % 2 * 200
    small = thumbnail(board[..., None].astype(np.uint8))
    assert small.shape == (32, 32, 1)
    np.testing.assert_allclose(small, 100)
    tiny = np.random.default_rng(0).integers(0, 255, (9, 12, 3)).astype(np.uint8)
    assert thumbnail(tiny) is tiny


def test_no_more_than_a_sheet_is_read_before_it_is_encoded(monkeypatch):
    done = []

    def images():
        for i in range(40):
            done.append(i)
            yield np.zeros((32, 32, 1), np.uint8)

    seen, encode = [], module.image_sprite

    def noting(sheet, **how):
        seen.append((len(sheet), len(done)))
        return encode(sheet, **how)

    monkeypatch.setattr(module, "image_sprite", noting)
    atlas_of(images(), largest=128)
    assert seen == [(16, 16), (16, 32), (8, 40)]


def test_no_images_are_a_sheet_with_nothing_on_it():
    empty = atlas_of(iter(()))
    assert empty.count == 0 and empty.data.startswith(b"\x89PNG")
