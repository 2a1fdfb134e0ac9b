import math

import cv2
import numpy as np
import pytest

from cnnviz.training.augment import (
    AUGMENTATIONS,
    CONTRAST,
    ROTATION,
    SHEAR,
    ZOOM,
    augment,
    contrast,
    cutout,
    flip,
    most_shift,
    shift,
    warp,
)

SIZES = [(28, 28, 1), (32, 32, 3), (40, 60, 3)]


def pictures(n=40, side=9, channels=3):
    return np.random.default_rng(1).integers(0, 256, (n, side, side, channels), np.uint8)


def blobs(n, h, w, c=1):
    """Smooth pictures with a bright ellipse in the middle: whatever moves it can be measured."""
    y, x = np.mgrid[:h, :w]
    ellipse = np.exp(-(((x - (w - 1) / 2) / 7) ** 2) - ((y - (h - 1) / 2) / 3) ** 2)
    return np.repeat((255 * ellipse).astype(np.uint8)[None, :, :, None], n, 0).repeat(c, 3)


def moments(image):
    """Centre (x, y) from the middle of the image, spread along x and along y, and tilt."""
    found = cv2.moments(np.ascontiguousarray(image[:, :, 0]))
    h, w = image.shape[:2]
    centre = found["m10"] / found["m00"] - (w - 1) / 2, found["m01"] / found["m00"] - (h - 1) / 2
    xx, yy, xy = (found[k] / found["m00"] for k in ("mu20", "mu02", "mu11"))
    return *centre, xx, yy, 0.5 * math.atan2(2 * xy, xx - yy)


def test_nothing_to_do_copies_nothing():
    images = pictures()
    assert augment(images, (), np.random.default_rng(0)) is images


def test_flips_are_whole_and_about_half():
    images = pictures(400)
    changed = flip(images, np.random.default_rng(0))
    same = (changed == images).all(axis=(1, 2, 3))
    mirrored = (changed == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same | mirrored).all() and 150 < mirrored.sum() < 250


def test_a_shift_is_a_crop_of_the_mirrored_surroundings():
    images = pictures(300)
    moved = shift(images, np.random.default_rng(0), most=2)
    seen = set()
    for image, result in zip(images, moved, strict=True):
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="reflect")
        places = [
            (dy, dx)
            for dy in range(5)
            for dx in range(5)
            if (padded[dy : dy + 9, dx : dx + 9] == result).all()
        ]
        assert len(places) == 1
        seen.update(places)
    assert len(seen) == 25
    assert moved.dtype == np.uint8 and moved.shape == images.shape


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("names", [*((n,) for n in AUGMENTATIONS), tuple(AUGMENTATIONS)])
def test_the_same_chance_gives_the_same_images(shape, names):
    images = np.random.default_rng(1).integers(0, 256, (30, *shape), np.uint8)
    before = images.copy()
    first = augment(images, names, np.random.default_rng(3))
    assert first.shape == images.shape and first.dtype == np.uint8
    assert (first == augment(images, names, np.random.default_rng(3))).all()
    assert (first != augment(images, names, np.random.default_rng(4))).any()
    assert (images == before).all() and not np.shares_memory(first, images)
    strided = np.asfortranarray(images)  # whatever lies in memory in another order
    assert (first == augment(strided, names, np.random.default_rng(3))).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_map_by_hand(channels):
    images = pictures(6, side=8, channels=channels)
    still = np.tile(np.eye(2, 3), (6, 1, 1))
    assert (warp(images, still) == images).all()
    quarter = np.tile(np.array([[0.0, -1, 0], [1, 0, 0]]), (6, 1, 1))
    assert (warp(images, quarter) == np.rot90(images, axes=(1, 2))).all()
    mirrored = np.tile(np.array([[-1.0, 0, 0], [0, 1, 0]]), (6, 1, 1))
    assert (warp(images, mirrored) == images[:, :, ::-1]).all()
    moved = still + [[0, 0, 2], [0, 0, -1]]
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    assert (warp(images, moved) == padded[:, 1:9, 4:12]).all()


def test_turned_by_all_angles_up_to_the_most():
    images = blobs(300, 41, 41)
    turned = augment(images, ("rotation",), np.random.default_rng(0))
    angles = np.array([moments(i)[4] for i in turned])
    assert abs(angles).max() <= ROTATION * 1.02 and abs(angles).max() > ROTATION * 0.95
    assert abs(angles.mean()) < 0.04  # both ways
    assert np.array([moments(i)[:2] for i in turned]) == pytest.approx(0, abs=0.05)


def test_zoomed_both_ways_and_alike_along_both_axes():
    images = blobs(300, 61, 61)
    before = moments(images[0])
    found = [moments(i) for i in augment(images, ("zoom",), np.random.default_rng(0))]
    wide = np.sqrt([f[2] / before[2] for f in found])
    tall = np.sqrt([f[3] / before[3] for f in found])
    np.testing.assert_allclose(wide, tall, rtol=0.03)
    assert wide.max() == pytest.approx(ZOOM, rel=0.03)
    assert wide.min() == pytest.approx(1 / ZOOM, rel=0.03)
    assert 0.4 < (wide > 1).mean() < 0.6


def test_slanted_to_both_sides():
    images = blobs(300, 41, 41)
    for image in augment(images, ("shear",), np.random.default_rng(0)):
        assert moments(image)[3] == pytest.approx(moments(images[0])[3], rel=0.03)  # not its height
    rows = augment(images, ("shear",), np.random.default_rng(0))[:, 17, :, 0].astype(float)
    places = (rows * np.arange(41)).sum(1) / rows.sum(1) - 20  # of the row three above the middle
    assert abs(places).max() == pytest.approx(3 * SHEAR, rel=0.1)
    assert abs(places.mean()) < 0.1


def test_moved_by_as_much_when_something_else_is_asked_for_too():
    images = blobs(200, 56, 56)
    found = augment(images, ("shift", "zoom"), np.random.default_rng(0))
    assert most_shift(56) == 4 and most_shift(28) == most_shift(32) == 2 and most_shift(9) == 1
    places = np.array([moments(i)[:2] for i in found])
    assert 3.2 < abs(places).max() <= 4 * ZOOM + 0.1


def test_mirrored_when_something_else_is_asked_for_too():
    images = blobs(200, 28, 28)
    images[:, :, :14] = 0
    images = np.ascontiguousarray(images)
    right = np.array(
        [moments(i)[0] > 0 for i in augment(images, ("flip", "shear"), np.random.default_rng(0))]
    )
    assert 70 < right.sum() < 130


def test_contrast_keeps_the_mean_and_the_picture():
    images = np.random.default_rng(1).normal(120, 12, (300, 12, 12, 3)).clip(0, 255)
    images = images.astype(np.uint8)
    changed = contrast(images, np.random.default_rng(0))
    ratio = changed.std(axis=(1, 2, 3)) / images.std(axis=(1, 2, 3))
    assert ratio.max() == pytest.approx(CONTRAST, rel=0.03)
    assert ratio.min() == pytest.approx(1 / CONTRAST, rel=0.03)
    assert changed.mean(axis=(1, 2, 3)) == pytest.approx(images.mean(axis=(1, 2, 3)), abs=1)
    for image, result, factor in zip(images, changed, ratio, strict=True):
        by_hand = image.mean() + factor * (image - image.mean())
        assert abs(by_hand - result).max() < 1.5
    extreme = np.zeros((50, 8, 8, 1), np.uint8)
    extreme[:, :4] = 255  # nothing wraps around
    changed = contrast(extreme, np.random.default_rng(0))
    assert (changed[:, :4] > changed[:, 4:]).all()


def test_a_square_is_hidden_somewhere():
    images = np.random.default_rng(1).integers(0, 256, (400, 16, 16, 3), np.uint8)
    hidden = cutout(images, np.random.default_rng(0))
    covered = np.zeros((16, 16))
    for image, result in zip(images, hidden, strict=True):
        gone = (result == image.mean(axis=(0, 1)).round().astype(np.uint8)).all(axis=2)
        rows, columns = np.flatnonzero(gone.any(1)), np.flatnonzero(gone.any(0))
        assert 3 <= len(rows) <= 6 and 3 <= len(columns) <= 6
        assert gone[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert (result == image)[~gone].all()
        covered += gone
    assert covered.min() > 5  # corners too
