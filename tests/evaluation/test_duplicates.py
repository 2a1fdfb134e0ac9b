import cv2
import numpy as np
import pytest

from cnnviz.datasets.loading import load_dataset
from cnnviz.evaluation import duplicates
from cnnviz.evaluation.duplicates import find_twins

COPIES = 20  # of each kind


def jpeg(image, quality):
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED).reshape(image.shape)


def moved(image, dx, dy, border):
    size = image.shape[1::-1]
    matrix = np.float32([[1, 0, dx], [0, 1, dy]])
    return cv2.warpAffine(image, matrix, size, borderMode=border).reshape(image.shape)


KINDS = {
    "exact": lambda i: i,
    "re-encoded": lambda i: jpeg(i, 75),
    "brighter": lambda i: np.clip(i * 1.3 + 20, 0, 255),
    "paler": lambda i: np.clip(i + 60.0, 0, 255),
    "darker": lambda i: i * 0.5,
    "mirrored": lambda i: i[:, ::-1],
    "mirrored and re-encoded": lambda i: jpeg(np.ascontiguousarray(i[:, ::-1]), 85),
    "moved": lambda i: moved(i, 1, -1, cv2.BORDER_REFLECT),
    "moved, black border": lambda i: moved(i, -1, 0, cv2.BORDER_CONSTANT),
}


def planted(images, seed=0):
    """Copies of every kind, and the places that they are copies of."""
    chosen = np.random.default_rng(seed).permutation(len(images))[: COPIES * len(KINDS)]
    kinds = np.repeat(list(KINDS), COPIES)
    copies = [KINDS[kind](images[place]) for kind, place in zip(kinds, chosen, strict=True)]
    return np.stack(copies).astype(np.uint8), chosen, kinds


@pytest.fixture(scope="module", params=["fashion_mnist", "cifar10"])
def images(request):
    return load_dataset(request.param, "test").images[:2000]


def test_planted_copies_are_all_found_and_nothing_else(images):
    copies, chosen, kinds = planted(images)
    found = find_twins(np.concatenate([images, copies]))
    pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    wanted = {(int(p), len(images) + i): kinds[i] for i, p in enumerate(chosen)}
    assert {wanted[pair] for pair in wanted.keys() - pairs} == set(), "missed"
    assert pairs - wanted.keys() == set(), "not copies"
    mirrored = np.array(
        [
            wanted[pair].startswith("mirrored")
            for pair in zip(found.first.tolist(), found.second.tolist(), strict=True)
        ]
    )
    # A shoe box looks the same in a mirror: what is symmetric may be called either.
    assert (found.mirrored == mirrored).mean() > 0.9


def test_between_two_sets(images):
    copies, chosen, _kinds = planted(images[:400])
    found = find_twins(copies, images[:400])
    assert found.first.tolist() == list(range(len(copies)))
    assert found.second.tolist() == chosen.tolist()


def test_features_bring_candidates_and_pixels_decide(images, monkeypatch):
    part = images[:60]
    features = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float16)
    features[1] = features[0]  # alike to the network, but not the same image
    both, others = np.concatenate([part, part[:1]]), np.concatenate([features, features[:1]])
    monkeypatch.setattr(
        duplicates, "_spectra", lambda images, step: [np.ones((len(images), 1))] * 2
    )
    monkeypatch.setattr(duplicates, "_NEAREST", 2)
    found = find_twins(both, features=others)
    assert list(zip(found.first, found.second, strict=True)) == [(0, 60)]


def test_blocks_make_no_difference(images, monkeypatch):
    copies, _chosen, _kinds = planted(images[:300])
    both = np.concatenate([images[:300], copies])
    whole = find_twins(both)
    monkeypatch.setattr(duplicates, "_CELLS", 1000)
    monkeypatch.setattr(duplicates, "_VALUES", 7 * images[0].size)
    monkeypatch.setattr(duplicates, "_CHUNK", 13)
    parts = find_twins(both)
    np.testing.assert_array_equal(parts.first, whole.first)
    np.testing.assert_array_equal(parts.second, whole.second)
    np.testing.assert_allclose(parts.correlation, whole.correlation, atol=1e-4)


def test_larger_images_are_compared_smaller():
    small = load_dataset("cifar10", "test", 40).images
    large = np.stack([cv2.resize(i, (160, 120), interpolation=cv2.INTER_CUBIC) for i in small])
    found = find_twins(np.concatenate([large, large[:3, :, ::-1]]))
    assert list(zip(found.first, found.second, strict=True)) == [(0, 40), (1, 41), (2, 42)]
    assert found.mirrored.all()


def test_images_of_one_colour_are_twins_only_of_equal_ones():
    plain = np.stack([np.full((16, 16, 3), shade, np.uint8) for shade in (10, 10, 90, 200)])
    found = find_twins(plain)
    assert list(zip(found.first, found.second, strict=True)) == [(0, 1)]


def test_colour_alone_tells_images_apart():
    shape = np.zeros((16, 16), np.uint8)
    shape[4:12, 6:10] = 200
    red, blue = (np.stack([shape * (c == k) for c in range(3)], axis=2) for k in (0, 2))
    assert len(find_twins(np.stack([red, blue])).first) == 0


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_images(images, count):
    assert len(find_twins(images[:count]).first) == 0
    assert len(find_twins(images[:count], images[10 : 10 + count]).first) == 0


def test_cancelling_and_progress(images):
    said = []
    find_twins(images[:200], images[200:300], step=said.append)
    assert said == sorted(said) and said[-1] == pytest.approx(1.0)

    def stop(fraction):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_twins(images[:50], step=stop)


def test_strokes_of_the_same_kind_are_no_copies():
    """Upright ones are alike in nearly all pixels: the black ones."""
    digits = load_dataset("mnist", "test")
    ones = digits.images[digits.labels == 1][:600]
    copies = np.stack([jpeg(i, 85) for i in ones[:20]])
    found = find_twins(np.concatenate([ones, copies]))
    pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert {(i, 600 + i) for i in range(20)} <= pairs and len(pairs) <= 22


def test_the_same_cut_in_another_colour_is_no_copy():
    """White trousers and grey ones (Fashion-MNIST's test images 1881 and 5643)."""
    images = load_dataset("fashion_mnist", "test").images
    assert len(find_twins(images[[1881, 5643]]).first) == 0
    assert len(find_twins(images[[2115, 4926]]).first) == 1, "these two are copies"
