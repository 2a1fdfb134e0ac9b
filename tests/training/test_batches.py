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
    first = [batches.batch(i)[1] for i in range(3)]
    batches.epoch = again.epoch = 1
    second = [batches.batch(i)[1] for i in range(3)]
    assert not (np.concatenate(first) == np.concatenate(second)).all()
    for i in (2, 0, 1):  # in any order: a prefetching pipeline may ask so
        assert (again.batch(i)[1] == second[i]).all()
        assert (again.batch(i)[0] == batches.batch(i)[0]).all()
    assert (make(seed=1).batch(0)[1] != first[0]).any()


def test_few_images_are_one_batch():
    assert len(make(n=4)) == 1 and make(n=4).batch(0)[0].shape[0] == 4
