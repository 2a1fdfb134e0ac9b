import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from cnnviz import storage
from cnnviz.errors import BadInput, NotFound, NotPossible
from cnnviz.explanation.catalogue import CATALOGUE
from cnnviz.explanation.explain import explain
from cnnviz.explanation.methods.grad_cam_pp import GradCamPlusPlus
from cnnviz.explanation.results import enlarge
from cnnviz.models.loading import open_keras_file
from tests.inference import networks

GRADIENT_CAMS = ("grad_cam", "grad_cam_pp", "hires_cam", "layer_cam", "xgrad_cam")
CAMS = tuple(name for name, method in CATALOGUE.items() if method.kind == "cam")
SHIPPED = ("mnist_lenet5", "fashion_mnist_vgg", "imagenet_efficientnet_lite0", "cifar10_resnet")


def two_channels():
    """Channel 0 is the picture, channel 1 its negative; scores are chosen sums of four pixels."""
    inputs = layers.Input((2, 2, 1))
    x = layers.Conv2D(2, 1, name="channels")(inputs)
    x = layers.Flatten()(x)
    network = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
    dense = np.zeros((2, 2, 2, 2), np.float32)  # row, column, channel, class
    dense[:, :, 0, 0] = [[1, 2], [3, 4]]
    dense[:, :, 1, 0] = [[1, 1], [1, 0]]
    dense[:, :, 0, 1] = [[-4, 0], [0, 0]]
    dense[:, :, 1, 1] = [[0, 0], [0, 8]]
    network.set_weights(
        [
            np.array([[[[1.0, -1.0]]]], np.float32),
            np.array([0.0, 2.0], np.float32),
            dense.reshape(8, 2),
            np.array([0.5, -0.5], np.float32),
        ]
    )
    return networks.model(network)


PICTURE = np.array([[[[0], [1]], [[2], [4]]]], np.uint8)
ACTIVATIONS = np.array([[[0, 2], [1, 1]], [[2, 0], [4, -2]]], float)
GRADIENTS = {
    0: np.array([[[1, 1], [2, 1]], [[3, 1], [4, 0]]], float),
    1: np.array([[[-4, 0], [0, 0]], [[0, 0], [0, 8]]], float),
}


@pytest.mark.parametrize("target", [0, 1])
def test_grad_cam_by_hand(target):
    # Class 0: weights 10/4 and 3/4; class 1: −4/4 and 8/4.
    weights = {0: [2.5, 0.75], 1: [-1, 2]}[target]
    by_hand = np.maximum(ACTIVATIONS @ weights, 0)
    found = explain(two_channels(), PICTURE, target=target, layer="channels")
    np.testing.assert_allclose(found.raw[0], by_hand, rtol=1e-6)
    assert found.layer == "channels"
    assert found.method == "grad_cam"
    assert found.raw.dtype == found.heatmaps.dtype == np.float32
    assert found.positive_evidence.all()


@pytest.mark.parametrize("target", [0, 1])
def test_the_other_methods_by_their_formulas(target):
    a, g = ACTIVATIONS, GRADIENTS[target]
    raw = {
        method: explain(two_channels(), PICTURE, method, target, "channels").raw[0]
        for method in ("hires_cam", "layer_cam", "xgrad_cam", "grad_cam_pp")
    }
    np.testing.assert_allclose(raw["hires_cam"], (a * g).sum(-1), rtol=1e-6)
    np.testing.assert_allclose(raw["layer_cam"], np.maximum((a * np.maximum(g, 0)).sum(-1), 0))
    totals = a.sum((0, 1))
    x_weights = (a * g).sum((0, 1)) / np.where(totals, totals, np.inf)
    np.testing.assert_allclose(raw["xgrad_cam"], np.maximum(a @ x_weights, 0), rtol=1e-5)
    weights = []
    for channel in range(2):
        weight = 0.0
        for gradient in g[..., channel].ravel():
            if gradient > 0:
                below = 2 * gradient**2 + totals[channel] * gradient**3
                weight += gradient**2 / below * gradient
        weights.append(weight)
    np.testing.assert_allclose(raw["grad_cam_pp"], np.maximum(a @ weights, 0), rtol=1e-5)


def test_grad_cam_pp_by_the_derivatives_of_the_paper():
    """Equation 19 with the second and third derivatives of exp(score) by differentiation."""
    held, weight = ACTIVATIONS * 0.1, GRADIENTS[0] * 0.3
    fields, slopes = tf.Variable(held.ravel()), weight.ravel()
    with tf.GradientTape() as outer, tf.GradientTape() as middle:
        with tf.GradientTape() as inner:
            value = tf.exp(tf.reduce_sum(fields * slopes))
        first = inner.gradient(value, fields)
        second = tf.linalg.diag_part(middle.jacobian(first, fields))
    third = tf.linalg.diag_part(outer.jacobian(second, fields)).numpy()
    first, second = first.numpy(), second.numpy()
    sums = np.broadcast_to(held.sum((0, 1)), held.shape).ravel()
    alpha = np.divide(second, 2 * second + sums * third, where=second > 0, out=0 * second)
    weights = (alpha * np.maximum(first, 0)).reshape(held.shape).sum((0, 1))
    found = GradCamPlusPlus().maps(
        *(tf.constant(x[None], tf.float32) for x in (held, weight)), tf.constant([-1])
    )
    expected = np.maximum(held @ weights, 0) / value.numpy()  # the factor that is left out
    np.testing.assert_allclose(found[0], expected, rtol=1e-5)


def test_hires_cam_adds_up_to_the_score():
    model = two_channels()
    total = explain(model, PICTURE, "hires_cam", 1, "channels").raw.sum()
    assert total == pytest.approx(model.scores(PICTURE)[0, 1] + 0.5, rel=1e-5)


def test_no_positive_evidence_is_said():
    # Class 1 dislikes channel 0 and channel 1 is silent for bright pictures.
    model = two_channels()
    weights = model.keras_model.get_weights()
    weights[2][:, 1] = -1
    model.keras_model.set_weights(weights)
    found = explain(model, PICTURE, target=1, layer="channels")
    assert not found.positive_evidence.any()
    assert (found.raw == 0).all()


def _equal_to_tf_keras_vis(network, images, targets, layer):
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.scores import CategoricalScore

    # tf-keras-vis knows no fused softmax on Keras 3 and no sequential models: end at the scores.
    ending = network.layers[-1]
    if isinstance(ending, (layers.Activation, layers.Softmax)):
        scores = ending.input
    else:
        ending.activation, scores = keras.activations.linear, network.outputs[0]
    cut = keras.Model(network.inputs, scores)
    return Gradcam(cut, clone=False)(
        CategoricalScore([int(t) for t in targets]),
        images.astype(np.float32),
        penultimate_layer=layer,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    ).numpy()


@pytest.mark.parametrize("name", SHIPPED)
def test_grad_cam_equals_tf_keras_vis_on_the_shipped_models(name):
    file = storage.SHIPPED / name / "model.keras"
    if not file.is_file():
        pytest.skip("not made yet")
    model = networks.model(open_keras_file(file))
    # Smooth blobs: noise leaves deep layers with almost nothing to compare.
    rng = np.random.default_rng(0)
    height, width, channels = model.card.input_shape
    coarse = rng.uniform(0, 255, (2 * channels, 5, 5)).astype(np.float32)
    images = enlarge(coarse, (height, width)).reshape(2, channels, height, width)
    images = images.transpose(0, 2, 3, 1).astype(np.uint8)
    targets = np.argsort(model.scores(images))[:, -2]
    spatial = [layer.name for layer in model.card.spatial_layers]
    for layer in (model.card.heatmap_layer, spatial[len(spatial) // 2]):
        found = explain(model, images, target=list(targets), layer=layer)
        expected = _equal_to_tf_keras_vis(model.keras_model, images, targets, layer)
        assert expected.max() > 0
        assert np.abs(found.raw - expected).max() <= 1e-4 * expected.max()


@pytest.mark.parametrize("method", CAMS)
def test_a_batch_gives_what_its_images_give_alone(method):
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 9)
    targets = [0, 1, 2, 3, 4, 0, 1, 2, 3]
    together = explain(model, images, method, targets, "conv_2")
    for i in (0, 4, 8):
        alone = explain(model, images[i : i + 1], method, targets[i], "conv_2")
        assert np.abs(together.raw[i] - alone.raw[0]).max() <= 1e-5 * alone.raw.max()
        np.testing.assert_allclose(together.shares[i], alone.shares[0], rtol=1e-4)


@pytest.mark.parametrize("method", CAMS)
def test_a_nested_network_gives_what_its_flat_twin_gives(method):
    flat, nested = networks.model(networks.flat()), networks.model(networks.nested())
    images = networks.images(flat.keras_model)
    expected = explain(flat, images, method, [0, 1, 2], "conv_2").raw
    found = explain(nested, images, method, [0, 1, 2], "middle/inner/conv_2").raw
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
    assert expected.any()


def test_without_a_target_the_predicted_class_is_explained():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model, 6)
    predicted = model.predict(images).argmax(axis=1)
    found = explain(model, images)
    assert found.layer == model.card.heatmap_layer
    np.testing.assert_array_equal(found.targets, predicted)
    np.testing.assert_allclose(found.raw, explain(model, images, target=predicted).raw)
    np.testing.assert_allclose(found.shares, model.predict(images).max(axis=1), rtol=1e-5)


def test_heatmaps_keep_their_place_when_enlarged():
    # A 7×7 cell (2, 4) is centred at pixel (79.5, 143.5) of 224 pixels.
    raw = np.zeros((1, 7, 7), np.float32)
    raw[0, 2, 4] = 1
    rows, columns = np.where(enlarge(raw, (224, 224))[0] > 0.9)
    assert rows.mean() == pytest.approx(79.5)
    assert columns.mean() == pytest.approx(143.5)


def test_enlarging_changes_neither_constants_nor_sign():
    np.testing.assert_allclose(enlarge(np.full((2, 3, 3), -2.5, np.float32), (10, 11)), -2.5)


def test_bad_questions_are_sentences():
    model = networks.model(networks.flat())
    images = networks.images(model.keras_model)
    for target in (5, -1, [0, 1, 7]):
        with pytest.raises(BadInput, match="numbered from 0 to 4"):
            explain(model, images, target=target)
    with pytest.raises(BadInput, match="3 images but 2 classes"):
        explain(model, images, target=[0, 1])
    with pytest.raises(BadInput, match="is a number"):
        explain(model, images, target="cat")
    with pytest.raises(BadInput, match="no method called “magic”"):
        explain(model, images, "magic")
    with pytest.raises(NotFound, match="“conv_9”"):
        explain(model, images, layer="conv_9")
    with pytest.raises(NotPossible, match="such as “conv_2”"):
        explain(model, images, layer="flatten")
    with pytest.raises(BadInput, match="no images"):
        explain(model, images[:0])


def test_a_network_without_maps_says_so():
    inputs = layers.Input((4, 4, 1))
    x = layers.Dense(3, activation="softmax")(layers.Flatten(name="flat")(inputs))
    model = networks.model(keras.Model(inputs, x))
    for layer in (None, "flat"):
        with pytest.raises(NotPossible, match="does not keep where"):
            explain(model, np.zeros((1, 4, 4, 1), np.uint8), layer=layer)
