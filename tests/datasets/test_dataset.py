import numpy as np
import pytest

from cnnviz.datasets.dataset import Dataset, limit_indices


@pytest.fixture
def dataset():
    """Class 0 fifty times, class 1 thirty, class 2 four times; the pixel is the index."""
    labels = np.repeat([0, 1, 2], [50, 30, 4])
    images = np.arange(84, dtype=np.uint8)[:, None, None, None]
    return Dataset("x", "train", images, labels, ("a", "b", "c"))


def test_limit_is_as_even_as_the_images_allow(dataset):
    assert np.bincount(dataset.limit(9).labels).tolist() == [3, 3, 3]
    assert np.bincount(dataset.limit(44).labels).tolist() == [20, 20, 4]
    assert np.bincount(dataset.limit(80).labels).tolist() == [46, 30, 4]
    counts = np.bincount(dataset.limit(10).labels)
    assert counts.sum() == 10 and np.ptp(counts) == 1


def test_limit_takes_the_same_images_every_time_in_their_order(dataset):
    first = dataset.limit(20).images.ravel()
    np.testing.assert_array_equal(first, dataset.limit(20).images.ravel())
    assert (np.diff(first.astype(int)) > 0).all()
    assert set(first) != set(dataset.limit(20, seed=1).images.ravel())
    assert set(dataset.limit(10).images.ravel()) < set(first)


def test_limit_that_is_no_limit(dataset):
    assert dataset.limit(None) is dataset and dataset.limit(84) is dataset
    assert len(dataset.limit(0)) == 0


def test_subset_keeps_order_and_names(dataset):
    part = dataset.subset(np.array([60, 2]))
    assert part.images.ravel().tolist() == [60, 2] and part.labels.tolist() == [1, 0]
    assert part.class_names == ("a", "b", "c") and len(part) == 2


def test_limit_of_no_images():
    assert len(limit_indices(np.array([], np.int64), 5)) == 0
