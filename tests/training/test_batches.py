import numpy as np

from cnnviz.training.batches import Batches


def make(n=20, batch_size=6, augmentation=(), seed=0):
    images = np.arange(n, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 1), np.uint8)
    return Batches(images, np.arange(n), batch_size, augmentation, seed)


def test_an_epoch_shows_each_image_at_most_once_with_its_label():
    batches = make()
    seen = []
    for images, labels in batches.as_tensors():
        assert images.shape == (6, 4, 4, 1) and images.dtype == "uint8"
        assert (images.numpy()[:, 0, 0, 0] == labels.numpy()).all()
        seen += labels.numpy().tolist()
    assert len(batches) == 3 and len(seen) == len(set(seen)) == 18


def test_epochs_differ_and_can_be_repeated():
    batches, again = make(augmentation=("flip", "shift")), make(augmentation=("flip", "shift"))
    first = [batches.batch(step)[1] for step in range(3)]
    second = [batches.batch(step)[1] for step in range(3, 6)]
    assert len(set(np.concatenate(second))) == 18
    assert not (np.concatenate(first) == np.concatenate(second)).all()
    for step in (5, 0, 4, 1):  # from any step on, in any order
        assert (again.batch(step)[1] == [*first, *second][step]).all()
        assert (again.batch(step)[0] == batches.batch(step)[0]).all()
    assert (make(seed=1).batch(0)[1] != first[0]).any()


def test_a_part_begins_and_ends_at_any_step():
    batches = make()
    labels = [y.numpy().tolist() for _, y in batches.as_tensors(2, 7)]
    assert labels == [batches.batch(step)[1].tolist() for step in range(2, 7)]
    assert len(list(batches.as_tensors(4))) == 2  # to the end of its epoch


def test_images_carry_the_weight_of_their_class():
    images, labels = np.zeros((6, 4, 4, 1), np.uint8), np.array([0, 0, 1, 1, 1, 1])
    batches = Batches(images, labels, 3, (), 0, {0: 1.5, 1: 0.75})
    for _, shown, weights in batches.as_tensors():
        assert weights.dtype == "float32"
        assert weights.numpy().tolist() == [[1.5, 0.75][label] for label in shown.numpy()]


def test_few_images_are_one_batch():
    assert len(make(n=4)) == 1 and make(n=4).batch(0)[0].shape[0] == 4
