import cv2
import numpy as np
import pytest

from cnnviz.datasets.loading import load_dataset
from cnnviz.evaluation.image_quality import (
    blurred,
    measure,
    odd_size,
    too_bright,
    too_dark,
)


@pytest.fixture(scope="module", params=["fashion_mnist", "cifar10"])
def images(request):
    return load_dataset(request.param, "test", 1000).images


def spoilt(images, change, count=30):
    """A copy of the images of which the first ``count`` are changed."""
    out = images.copy()
    out[:count] = np.stack([change(i.astype(np.float32)) for i in images[:count]]).clip(0, 255)
    return out


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        (too_dark, lambda i: 0.2 * i),
        (too_dark, lambda i: 0.3 * i),
        (too_bright, lambda i: i + 150),
        (too_bright, lambda i: 0.3 * i + 175),
        (blurred, lambda i: cv2.GaussianBlur(i, (0, 0), 1.5).reshape(i.shape)),
    ],
)
def test_planted_ones_are_found_and_few_others(images, cause, change):
    found = cause(measure(spoilt(images, change)))
    assert found.where[:30].mean() >= 0.95
    assert found.where[30:].mean() <= 0.01
    assert found.strength[:30].mean() > found.strength[30:].mean()


def test_what_is_usual_depends_on_the_set():
    dark = (0.3 * load_dataset("cifar10", "test", 200).images).astype(np.uint8)
    assert too_dark(measure(dark)).where.mean() < 0.03, "a set of night scenes"


def test_an_image_that_is_dark_but_for_something_lit_can_be_seen():
    images = load_dataset("cifar10", "test", 200).images.copy()
    images[0] = 0
    images[0, 10:20, 10:20] = 230
    images[1] = 255
    images[1, 10:20, 10:20] = 20
    quality = measure(images)
    assert not too_dark(quality).where[0] and not too_bright(quality).where[1]


def test_numbers_of_a_known_image():
    image = np.zeros((1, 10, 10, 1), np.uint8)
    image[0, :, 5:] = 200
    quality = measure(image)
    assert (quality.mean, quality.darkest, quality.brightest) == (100, 0, 200)
    assert quality.sharpness == pytest.approx(1.0), "an edge as high as the contrast"


def test_images_without_contrast_are_not_blurred():
    plain = np.full((20, 8, 8, 3), 90, np.uint8)
    assert not blurred(measure(plain)).where.any()
    assert not too_dark(measure(plain)).where.any()
    mixed = np.concatenate([plain, load_dataset("cifar10", "test", 100).images[:, :8, :8]])
    assert not blurred(measure(mixed)).where[:20].any()


def test_odd_sizes():
    rng = np.random.default_rng(0)
    sizes = np.stack([rng.integers(380, 420, 100), rng.integers(580, 620, 100)], axis=1)
    sizes[0], sizes[1], sizes[2], sizes[3] = (600, 400), (400, 1200), (40, 60), (1600, 2400)
    found = odd_size(sizes)
    assert np.flatnonzero(found.where).tolist() == [0, 1, 2], "a large one loses nothing"
    assert found.strength[2] == found.strength[:4].max()
    assert not odd_size(np.tile([28, 28], (50, 1))).where.any()
    assert np.flatnonzero(odd_size(np.array([[28, 28]] * 50 + [[28, 90]])).where).tolist() == [50]


def test_shapes_that_are_all_over_the_place_are_not_odd():
    rng = np.random.default_rng(0)
    width = np.exp(rng.uniform(np.log(100), np.log(900), 300)).astype(int)
    assert not odd_size(np.stack([np.full(300, 300), width], axis=1)).where.any()


@pytest.mark.parametrize("count", [1, 3])
def test_few_images(count):
    quality = measure(load_dataset("cifar10", "test", 10).images[:count])
    for cause in (too_dark, too_bright, blurred):
        assert cause(quality).where.shape == (count,)
    assert not odd_size(np.array([[3, 4]] * count)).where.any()
