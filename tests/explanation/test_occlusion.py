import numpy as np
import pytest

from cnnviz.explanation.explain import explain
from cnnviz.explanation.perturbing import BASELINES, baseline
from tests.explanation.plain_networks import linear, one_pixel
from tests.inference import networks


@pytest.mark.parametrize("code", range(len(BASELINES)))
def test_of_a_linear_network_single_pixels_count_what_they_add(code):
    model, weights, _ = linear()
    images = networks.images(model.keras_model)
    away = images - baseline(images, BASELINES[code])
    found = explain(model, images, "occlusion", [0, 1, 2], patch=0.25, stride=1.0, baseline=code)
    for i in range(3):
        expected = (weights[..., i] * away[i]).sum(axis=-1)
        np.testing.assert_allclose(found.raw[i], expected, rtol=1e-3, atol=1e-4)
    assert found.signed
    expected = model.scores(images)[range(3), range(3)]
    np.testing.assert_allclose(found.details["score"], expected, rtol=1e-4)


def test_larger_patches_by_a_loop():
    model = networks.model(networks.flat())
    image = networks.images(model.keras_model, 1)
    found = explain(model, image, "occlusion", 2, against=0, patch=4 / 12, stride=0.5).raw[0]
    falls, covers = np.zeros((12, 12)), np.zeros((12, 12))
    scores = model.scores(image)[0]
    mean = np.rint(image.mean(axis=(1, 2), keepdims=True)).astype(np.uint8)
    for row in range(0, 9, 2):
        for column in range(0, 9, 2):
            covered = image.copy()
            covered[:, row : row + 4, column : column + 4] = mean
            seen = model.scores(covered)[0]
            fall = (scores[2] - scores[0]) - (seen[2] - seen[0])
            falls[row : row + 4, column : column + 4] += fall
            covers[row : row + 4, column : column + 4] += 1
    # The method's mean colour is not rounded to whole numbers.
    expected = falls / covers
    np.testing.assert_allclose(found, expected, atol=0.02 * np.abs(expected).max())


@pytest.mark.parametrize(("patch", "stride"), [(1 / 7, 0.5), (0.05, 0.25), (0.4, 1.0), (1.0, 1.0)])
def test_only_patches_over_the_one_pixel_matter(patch, stride):
    model = one_pixel(2, 7)
    image = np.zeros((1, 12, 12, 1), np.uint8)
    image[0, 2, 7] = 255
    found = explain(model, image, "occlusion", 1, patch=patch, stride=stride, baseline=2).raw[0]
    assert found[2, 7] == pytest.approx(4, rel=1e-4)  # all patches over it take all of it
    assert found[2, 7] == found.max() and found.min() >= 0
    reach = max(1, round(patch * 12))
    rows, columns = np.nonzero(found)
    assert (np.abs(rows - 2) < reach).all() and (np.abs(columns - 7) < reach).all()
