import numpy as np

from cnnviz.training.augment import augment, flip, shift


def pictures(n=40, side=9, channels=3):
    return np.random.default_rng(1).integers(0, 256, (n, side, side, channels), np.uint8)


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


def test_the_same_chance_gives_the_same_images():
    images, names = pictures(), ("shift", "flip")
    first = augment(images, names, np.random.default_rng(3))
    assert (first == augment(images, names, np.random.default_rng(3))).all()
    assert (first != augment(images, names, np.random.default_rng(4))).any()
