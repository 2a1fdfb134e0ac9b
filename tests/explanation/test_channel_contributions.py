import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from cnnviz.datasets.dataset import Dataset
from cnnviz.errors import BadInput, Cancelled, NotFound
from cnnviz.explanation.channel_contributions import channel_contributions
from cnnviz.inference.channel_statistics import channel_statistics
from cnnviz.inference.feature_maps import feature_maps
from tests.inference import networks


def dataset(network, count):
    images = networks.images(network, count)
    return Dataset("noise", "train", images, np.zeros(count, np.int64), ("a",))


def test_before_pooling_and_a_dense_layer_it_is_weight_times_mean_activation():
    network = networks.sequential()  # conv, relu, average, dense with softmax
    model, data = networks.model(network), dataset(network, 23)
    found = channel_contributions(model, data, "relu", batch_size=5)
    weights = network.get_layer("answer").kernel.numpy().astype(np.float64)
    means = channel_statistics(model, data, "relu").mean
    np.testing.assert_allclose(found, weights * means[:, None], rtol=1e-5)
    bias = network.get_layer("answer").bias.numpy()
    scores = model.scores(data.images).mean(axis=0)
    np.testing.assert_allclose(found.sum(axis=0) + bias, scores, rtol=1e-4)


@pytest.mark.parametrize(("layer", "make"), [("conv_1", "flat"), ("middle/inner/pool", "nested")])
def test_elsewhere_it_is_gradient_times_activation(layer, make):
    network = getattr(networks, make)()
    model, data = networks.model(network), dataset(network, 6)
    found = channel_contributions(model, data, layer, [3, 1], batch_size=4)
    # Independently: the change of a class's score when the whole channel is scaled a little.
    twin = networks.flat()
    name = layer.rsplit("/", 1)[-1]
    after = keras.Model(twin.get_layer(name).output, twin.get_layer("logits").output)
    maps = feature_maps(networks.model(twin), data.images, name)[name]
    scale = tf.Variable(tf.ones(maps.shape[-1]))
    for column, class_ in enumerate((3, 1)):
        with tf.GradientTape() as tape:
            score = tf.reduce_mean(after(maps * scale)[:, class_])
        np.testing.assert_allclose(found[:, column], tape.gradient(score, scale), rtol=1e-3)


def test_one_sigmoid_unit_speaks_for_one_class_and_against_the_other():
    inputs = layers.Input((6, 6, 1))
    x = layers.Conv2D(3, 3, activation="relu", name="conv")(inputs)
    x = layers.GlobalMaxPooling2D()(x)
    network = networks.shaken(
        keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="end")(x))
    )
    model, data = networks.model(network), dataset(network, 4)
    found = channel_contributions(model, data, "conv")
    np.testing.assert_allclose(found[:, 0], -found[:, 1], rtol=1e-6)
    assert np.abs(found).max() > 0
    np.testing.assert_array_equal(channel_contributions(model, data, "end"), 0)  # after the score


def test_refusals_are_sentences():
    network = networks.sequential()
    model, data = networks.model(network), dataset(network, 3)

    def cancelled():
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        channel_contributions(model, data, "relu", check_cancelled=cancelled)
    with pytest.raises(NotFound):
        channel_contributions(model, data, "nothing")
    with pytest.raises(BadInput, match="no class"):
        channel_contributions(model, data, "relu", [3])
    with pytest.raises(BadInput, match="no images"):
        channel_contributions(model, data.subset(np.arange(0)), "relu")
