import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.errors import BadInput, Cancelled
from cnnviz.explanation.explain import explain
from cnnviz.explanation.results import enlarge
from cnnviz.inference.feature_maps import feature_maps
from tests.inference import networks


def by_hand(model, image, target, layer, channels):
    """Definition 3 of the paper, with masks and passes made one by one; before the ReLU."""
    held = feature_maps(model, image[None], layer)[layer][0]

    def share(pixels):  # the masked image is no longer made of whole numbers
        scores = model.keras_model(pixels[None].astype(np.float32)).numpy()[0]
        return scores[target]

    nothing, total = share(np.zeros(image.shape)), 0
    for channel in channels:
        if np.ptp(held[:, :, channel]) == 0:
            continue  # says nothing about where
        mask = enlarge(held[None, :, :, channel], image.shape[:2])[0]
        mask = (mask - mask.min()) / (mask.max() - mask.min())
        total = total + (share(image * mask[..., None]) - nothing) * held[:, :, channel]
    return total


def test_by_hand_at_a_coarser_layer():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 2)
    found = explain(model, images, "score_cam", [1, 4], "conv_2", channels=0)
    for image, target, raw in zip(images, (1, 4), found.raw, strict=True):
        expected = np.maximum(by_hand(model, image, target, "conv_2", range(8)), 0)
        np.testing.assert_allclose(raw, expected, rtol=1e-4, atol=1e-5 * expected.max() + 1e-7)


def test_the_fast_variant_asks_for_the_channels_that_vary_most():
    model = networks.model(networks.flat())
    image = networks.images(model.keras_model, 1)
    held = feature_maps(model, image, "conv_2")["conv_2"][0]
    most = np.argsort(-held.std(axis=(0, 1)))[:3]
    found = explain(model, image, "score_cam", 2, "conv_2", channels=3)
    expected = np.maximum(by_hand(model, image[0], 2, "conv_2", most), 0)
    np.testing.assert_allclose(found.raw[0], expected, rtol=1e-4, atol=1e-6)
    assert found.details["channels"].tolist() == [3]
    complete = explain(model, image, "score_cam", 2, "conv_2", channels=0)
    default = explain(model, image, "score_cam", 2, "conv_2")
    np.testing.assert_allclose(default.raw, complete.raw), "8 channels are fewer than 32"


def test_it_equals_tf_keras_vis_but_for_the_black_image():
    from tf_keras_vis.scorecam import Scorecam
    from tf_keras_vis.utils.scores import CategoricalScore

    model = networks.model(networks.flat())
    images, targets = networks.images(model.keras_model, 3), [0, 2, 4]
    # relu_1 has the size of the image: tf-keras-vis enlarges with the corners in place.
    network = model.keras_model
    cut = keras.Model(network.inputs, network.get_layer("logits").output)
    theirs = Scorecam(cut)(
        CategoricalScore(targets),
        images.astype(np.float32),
        penultimate_layer="relu_1",
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    held = feature_maps(model, images, "relu_1")["relu_1"]
    nothing = model.predict(np.zeros_like(images[:1]))[0, targets]
    expected = np.maximum(np.asarray(theirs) - nothing[:, None, None] * held.sum(axis=-1), 0)
    found = explain(model, images, "score_cam", targets, "relu_1", channels=0)
    assert expected.max() > 0
    np.testing.assert_allclose(found.raw, expected, atol=1e-4 * expected.max())


def test_one_sigmoid_unit_weighs_the_channels():
    inputs = layers.Input((6, 6, 1))
    x = layers.Conv2D(3, 3, activation="relu", name="conv")(inputs)
    x = layers.Dense(1, activation="sigmoid")(layers.Flatten()(x))
    network = networks.shaken(keras.Model(inputs, x), 3)
    network.get_layer("conv").set_weights(
        [w / 255 for w in network.get_layer("conv").get_weights()]
    )
    model = networks.model(network)
    image = networks.images(network, 1)
    found = explain(model, image, "score_cam", 1, "conv", against=0, channels=0)
    # The shares of the two answers are p and 1 − p, so their difference moves by 2 · Δp.
    expected = 2 * by_hand(model, image[0], 0, "conv", range(3))
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found.raw[0], expected, rtol=1e-3, atol=1e-5)


def test_classes_held_against_each_other():
    model = networks.model(networks.flat())
    image = networks.images(model.keras_model, 1)
    one = explain(model, image, "score_cam", 1, "conv_2", against=2)
    other = explain(model, image, "score_cam", 2, "conv_2", against=1)
    assert one.signed and one.against.tolist() == [2]
    np.testing.assert_allclose(one.raw, -other.raw, atol=1e-6)
    apart = [by_hand(model, image[0], c, "conv_2", range(8)) for c in (1, 2)]
    np.testing.assert_allclose(one.raw[0], apart[0] - apart[1], rtol=1e-3, atol=1e-5)


def test_classes_of_one_image_share_its_passes():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 2)
    frames, shares = [], []
    found = explain(
        model,
        images[[0, 0, 0, 1]],
        "score_cam",
        [0, 1, 2, 2],
        "conv_2",
        report=lambda share, text: shares.append(share),
        on_frame=frames.append,
    )
    assert len(frames) == 2, "one batch of passes for each of the two images"
    assert shares == sorted(shares) and shares[-1] == 1
    np.testing.assert_array_equal(frames[-1], found.raw)
    assert frames[0][:3].any() and not frames[0][3].any()
    alone = explain(model, images[:1], "score_cam", 1, "conv_2").raw[0]
    np.testing.assert_allclose(found.raw[1], alone, rtol=1e-5)


def test_it_can_be_stopped_between_batches():
    model = networks.model(networks.flat())
    calls = []

    def stop():
        calls.append(1)
        if len(calls) == 3:
            raise Cancelled("This was stopped.")

    images = networks.images(model.keras_model, 5)
    with pytest.raises(Cancelled):
        explain(model, images, "score_cam", 0, "conv_2", check_cancelled=stop)


@pytest.mark.parametrize("given", [{"channels": -1}, {"channels": 2.5}, {"channel": 3}])
def test_options_are_checked(given):
    model = networks.model(networks.flat())
    with pytest.raises(BadInput, match=r"has to be a number|has no option"):
        explain(model, networks.images(model.keras_model), "score_cam", **given)
