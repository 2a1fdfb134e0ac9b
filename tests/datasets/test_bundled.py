"""The bundled sets are what they say: balanced, disjoint, and the known test sets."""

import time

import numpy as np
import pytest

from cnnviz.datasets import bundled
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import BadInput, NotFound

TEST_COUNTS = {
    "mnist": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    "fashion_mnist": [1000] * 10,
    "cifar10": [1000] * 10,
}


@pytest.mark.parametrize("name", TEST_COUNTS)
def test_counts_of_every_split(name):
    bundled._decoded.cache_clear()
    start = time.perf_counter()
    splits = {split: load_dataset(name, split) for split in ("train", "val", "test")}
    print(f"{name}: all splits in {time.perf_counter() - start:.2f} s")
    known = bundled.DATASETS[name]
    for dataset in splits.values():
        assert dataset.images.shape[1:] == (known.size, known.size, known.channels)
        assert dataset.images.dtype == np.uint8 and dataset.labels.dtype == np.int64
        assert dataset.class_names == known.class_names
    assert np.bincount(splits["train"].labels).tolist() == [900] * 10
    assert np.bincount(splits["val"].labels).tolist() == [100] * 10
    assert np.bincount(splits["test"].labels).tolist() == TEST_COUNTS[name]


@pytest.mark.parametrize("name", TEST_COUNTS)
def test_no_image_is_in_two_splits(name):
    train, val = bundled._indices(name, "train"), bundled._indices(name, "val")
    assert sorted([*train, *val]) == list(range(10_000))
    pictures = {
        split: {bytes(i) for i in load_dataset(name, split).images} for split in ("train", "test")
    }
    # A few originals really are the same twice (Fashion-MNIST and CIFAR-10 are known for it).
    assert len(pictures["train"] & pictures["test"]) < 10


def test_the_pixels_are_the_known_ones():
    digits = load_dataset("mnist", "test")
    assert digits.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    # mean and deviation of the test images, as the literature gives them
    assert digits.images.mean() / 255 == pytest.approx(0.1325, abs=1e-3)
    assert digits.images.std() / 255 == pytest.approx(0.3105, abs=1e-3)
    photos = load_dataset("cifar10", "test")
    assert photos.labels[:10].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]
    assert photos.images.mean((0, 1, 2)) / 255 == pytest.approx([0.494, 0.485, 0.450], abs=2e-3)
    clothes = load_dataset("fashion_mnist", "test")
    assert clothes.labels[:10].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]


@pytest.mark.parametrize("name", TEST_COUNTS)
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_one_image_is_the_one_of_the_whole(name, split):
    dataset = load_dataset(name, split)
    for index in (0, 1, 123, len(dataset) - 1):
        image, label = bundled.image_at(name, split, index)
        np.testing.assert_array_equal(image, dataset.images[index])
        assert label == dataset.labels[index]


def test_what_is_not_there():
    with pytest.raises(NotFound, match="numbered 0 to 999"):
        bundled.image_at("mnist", "val", 1000)
    with pytest.raises(NotFound):
        bundled.image_at("mnist", "val", -1)
    with pytest.raises(BadInput, match="A split is one of train, val, test"):
        load_dataset("mnist", "dev")
    with pytest.raises(NotFound, match="mnist"):
        bundled.image_at("minst", "test", 0)


def test_shared_pixels_cannot_be_changed_by_one_reader():
    with pytest.raises(ValueError, match="read-only"):
        load_dataset("mnist", "test").images[0] = 0


@pytest.mark.parametrize("name", TEST_COUNTS)
def test_a_split_is_there_in_under_a_second(name):
    bundled._decoded.cache_clear()
    start = time.process_time()  # of this process: other programs may keep the machine busy
    bundled.split_arrays(name, "train")
    assert time.process_time() - start < 1


@pytest.mark.parametrize("name", bundled.DATASETS)
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_counts_of_classes_need_no_images(name, split):
    counts = bundled.class_counts(name, split)
    labels = bundled.split_arrays(name, split)[1]
    np.testing.assert_array_equal(counts, np.bincount(labels, minlength=len(counts)))
