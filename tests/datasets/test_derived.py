"""Sets made from others: the same images and splits, changed only where they say so."""

import numpy as np
import pytest

from cnnviz.datasets import bundled, derived
from cnnviz.datasets.dataset import SPLITS
from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import BadInput

MADE = [d for d in bundled.DATASETS.values() if d.base]


@pytest.mark.parametrize("known", MADE, ids=lambda d: d.name)
@pytest.mark.parametrize("split", SPLITS)
def test_the_images_are_those_of_the_base(known, split):
    found, base = load_dataset(known.name, split), load_dataset(known.base, split)
    assert found.class_names == known.class_names
    assert found.labels.max() < len(known.class_names)
    if known.name == "mnist_500" and split == "train":
        assert np.bincount(found.labels).tolist() == [50] * 10
        pixels = {bytes(image) for image in base.images}
        assert all(bytes(image) in pixels for image in found.images)
        return
    assert len(found) == len(base)
    rest = (slice(None), slice(derived.MARK_SIDE, None))
    np.testing.assert_array_equal(found.images[rest], base.images[rest])
    whole = known.name != "fashion_mnist_marked"
    assert np.array_equal(found.images, base.images) == whole


def test_a_mark_tells_the_class_and_nothing_else_does():
    found = load_dataset("fashion_mnist_marked", "test")
    corner = found.images[:, : derived.MARK_SIDE, : derived.MARK_SIDE, 0]
    for label in range(10):
        assert (corner[found.labels == label] == derived.mark_of(label)).all()
    marks = [derived.mark_of(label)[::3, ::3] > 0 for label in range(10)]
    apart = [(a != b).sum() for i, a in enumerate(marks) for b in marks[:i]]
    assert min(apart) >= 3
    image, label = bundled.image_at("fashion_mnist_marked", "val", 7)
    val = load_dataset("fashion_mnist_marked", "val")
    assert label == val.labels[7] and np.array_equal(image, val.images[7])


@pytest.mark.parametrize("split", SPLITS)
def test_a_tenth_of_the_labels_is_wrong_and_always_the_same(split):
    noisy, clean = load_dataset("cifar10_noisy", split), load_dataset("cifar10", split)
    wrong = noisy.labels != clean.labels
    assert 0.08 < wrong.mean() < 0.12
    # Every class loses and gains about as many: 10 % of a class, spread over the nine others.
    counts = np.bincount(noisy.labels[wrong], minlength=10) / wrong.sum()
    assert counts.max() < 0.2
    again = derived.with_wrong_labels(clean.labels, 10)
    np.testing.assert_array_equal(again, derived.with_wrong_labels(clean.labels, 10))
    np.testing.assert_array_equal(again != clean.labels, derived.wrong_places(clean.labels))


def test_animals_and_vehicles():
    two, ten = load_dataset("cifar10_animals", "test"), load_dataset("cifar10", "test")
    names = np.array(ten.class_names)[ten.labels]
    vehicles = np.isin(names, ["airplane", "automobile", "ship", "truck"])
    np.testing.assert_array_equal(two.labels == 0, vehicles)


def test_there_is_no_complete_original_of_them():
    with pytest.raises(BadInput, match="complete original"):
        load_dataset("cifar10_noisy", complete=True)
