import numpy as np
import pytest

from cnnviz.explanation.imputation import noisy_linear


def by_hand(image, removed):
    """The same equations, one at a time and dense."""
    height, width, channels = image.shape
    places = [tuple(p) for p in np.argwhere(removed)]
    matrix, known = np.zeros((len(places),) * 2), np.zeros((len(places), channels))
    for i, (row, column) in enumerate(places):
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                other = row + down, column + right
                if (down, right) == (0, 0) or not (
                    0 <= other[0] < height and 0 <= other[1] < width
                ):
                    continue
                weight = 1 / 6 if 0 in (down, right) else 1 / 12
                matrix[i, i] += weight
                if removed[other]:
                    matrix[i, places.index(other)] -= weight
                else:
                    known[i] += weight * image[other]
    return np.linalg.solve(matrix, known)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_it_solves_the_equations_of_the_paper(share):
    rng = np.random.default_rng(0)
    image = rng.uniform(0, 255, (7, 9, 3))
    removed = rng.random((7, 9)) < share
    found = noisy_linear(image, removed, noise=0)
    np.testing.assert_allclose(found[removed], by_hand(image, removed), atol=1e-3)
    np.testing.assert_array_equal(found[~removed], image[~removed].astype(np.float32))


def test_a_ramp_is_made_up_exactly():
    # Linear functions satisfy every equation away from the edge, whatever the hole's shape.
    y, x = np.mgrid[:24, :20]
    image = np.stack([3.0 * x + 2 * y, 100 - 4.0 * x], axis=-1)
    removed = np.zeros((24, 20), bool)
    removed[4:20, 3:17] = True
    removed[9:12, 8] = False
    np.testing.assert_allclose(noisy_linear(image, removed, noise=0), image, atol=1e-3)


def test_the_mean_stays():
    rng = np.random.default_rng(1)
    image = rng.uniform(0, 255, (20, 20, 1))
    everything = np.ones((20, 20), bool)
    np.testing.assert_allclose(noisy_linear(image, everything, noise=0), image.mean(), rtol=1e-6)
    flat = np.full((20, 20, 1), 77.0)
    np.testing.assert_allclose(
        noisy_linear(flat, rng.random((20, 20)) < 0.7, noise=0), 77, atol=1e-3
    )
    noisy = noisy_linear(flat, everything)
    assert noisy.mean() == pytest.approx(77, abs=0.5)
    assert noisy.std() == pytest.approx(2.55, rel=0.15)


def test_noise_follows_from_its_seed_and_touches_only_what_was_removed():
    image = np.random.default_rng(2).uniform(0, 255, (6, 6, 3))
    removed = np.zeros((6, 6), bool)
    removed[1:4, 2:5] = True
    first = noisy_linear(image, removed, seed=3)
    np.testing.assert_array_equal(first, noisy_linear(image, removed, seed=3))
    assert (first[removed] != noisy_linear(image, removed, seed=4)[removed]).all()
    np.testing.assert_array_equal(first[~removed], image[~removed].astype(np.float32))


def test_nothing_removed_is_the_image():
    image = np.random.default_rng(3).uniform(0, 255, (4, 4, 1)).astype(np.float32)
    np.testing.assert_array_equal(noisy_linear(image, np.zeros((4, 4), bool)), image)
