import numpy as np
import pytest

from cnnviz.errors import BadInput
from cnnviz.explanation.perturbing import BASELINES, baseline

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", BASELINES)
def test_every_image_gets_a_baseline_of_its_own(kind, channels):
    images = RNG.integers(0, 256, (4, 20, 12, channels)).astype(np.uint8)
    together = baseline(images, kind)
    assert together.shape == images.shape
    assert together.dtype == np.float32
    assert together.flags.writeable
    for i, image in enumerate(images):
        np.testing.assert_array_equal(baseline(image[None], kind)[0], together[i])


def test_mean_black_and_grey_are_what_they_say():
    images = RNG.integers(0, 256, (2, 5, 7, 3)).astype(np.float32)
    means = images.mean(axis=(1, 2))
    np.testing.assert_allclose(baseline(images, "mean")[:, 3, 4], means, rtol=1e-6)
    assert (baseline(images, "black") == 0).all()
    assert (baseline(images, "grey") == 127.5).all()


def test_blurred_images_keep_their_mean_and_lose_their_detail():
    images = RNG.integers(0, 256, (1, 64, 64, 3)).astype(np.float32)
    blurred = baseline(images, "blur")
    assert blurred.mean() == pytest.approx(images.mean(), rel=0.02)
    assert blurred.std() < 0.1 * images.std()


def test_no_images_have_no_baselines():
    assert baseline(np.zeros((0, 4, 4, 3), np.uint8), "blur").shape == (0, 4, 4, 3)


def test_an_unknown_kind_is_a_sentence():
    with pytest.raises(BadInput, match="“noise”.*mean, blur, black, grey"):
        baseline(np.zeros((1, 4, 4, 1)), "noise")
