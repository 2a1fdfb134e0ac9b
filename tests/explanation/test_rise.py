import cv2
import numpy as np
import pytest

from cnnviz.explanation.explain import explain
from cnnviz.explanation.methods.rise import Masks
from cnnviz.explanation.perturbing import baseline
from tests.explanation.plain_networks import linear, one_pixel
from tests.inference import networks


def test_masks_are_shifted_windows_of_enlarged_grids():
    masks = Masks(50, 5, 0.5, (23, 31))
    found = masks[0:50]
    assert found.shape == (50, 23, 31) and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1
    shifts = set()
    for i in range(50):
        large = cv2.resize(masks._grids[i], (6 * 7, 6 * 5), interpolation=cv2.INTER_LINEAR)
        windows = np.lib.stride_tricks.sliding_window_view(large, (23, 31))[:5, :7]
        wrong = np.abs(windows - found[i]).max(axis=(2, 3))
        assert wrong.min() < 1e-5
        shifts.add(int(wrong.argmin()))
    assert len(shifts) > 20


def test_masks_do_not_depend_on_how_they_are_asked_for():
    masks = Masks(40, 7, 0.3, (28, 28))
    np.testing.assert_array_equal(masks[7:9], Masks(40, 7, 0.3, (28, 28))[0:40][7:9])
    assert Masks(2000, 7, 0.3, (28, 28))[0:2000].mean() == pytest.approx(0.3, abs=0.01)


def test_the_map_is_the_vote_weighted_by_what_was_visible():
    model = networks.model(networks.flat())
    image = networks.images(model.keras_model, 1)
    found = explain(model, image, "rise", 3, against=1, masks=100, cells=4, visible=0.6)
    masks = Masks(100, 4, 0.6, (12, 12))[0:100].astype(float)
    plain = baseline(image, "mean")[0]
    shown = plain + masks[..., None] * (image[0] - plain)
    shares = model.keras_model.predict(shown.astype(np.float32), verbose=0)
    votes = shares[:, 3].astype(float) - shares[:, 1]
    expected = (votes[:, None, None] * masks).sum(axis=0) / masks.sum(axis=0) - votes.mean()
    np.testing.assert_allclose(found.raw[0], expected, rtol=1e-3, atol=2e-6)
    assert found.details["mean_share"][0] == pytest.approx(votes.mean(), rel=1e-4)
    assert found.signed


def test_it_converges_to_the_one_pixel_that_matters():
    model = one_pixel(3, 8)
    image = np.zeros((1, 12, 12, 1), np.uint8)
    image[0, 3, 8] = 255
    far = np.hypot(*(np.indices((12, 12)) - np.array([3, 8])[:, None, None])) > 7.5  # two cells
    noise = []
    for masks in (250, 8000):
        found = explain(model, image, "rise", 1, masks=masks, cells=4, baseline=2)
        raw = found.raw[0]
        assert np.hypot(*(np.array(np.unravel_index(raw.argmax(), raw.shape)) - (3, 8))) <= 1.5
        assert raw[3, 8] > 0.1
        noise.append(np.abs(raw[far]).max())
    assert noise[1] < 0.4 * noise[0]
    assert found.details["share"][0] == pytest.approx(1 / (1 + np.exp(-2)), rel=1e-4)


def test_a_network_that_does_not_look_gives_nothing():
    model, weights, biases = linear((12, 12, 1), 3)
    model.keras_model.set_weights([0 * weights.reshape(-1, 3), biases])
    found = explain(model, networks.images(model.keras_model, 2), "rise", masks=100)
    assert not found.raw.any() and not found.positive_evidence.any()
