import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.errors import BadInput, NotFound
from cnnviz.explanation.channel_kernels import channel_kernel, kernels_of
from tests.inference import networks


def made(*stack):
    """A network of these layers, closed by pooling and a dense layer."""
    inputs = layers.Input((8, 8, 3), name="image")
    x = layers.Rescaling(1 / 255)(inputs)
    for layer in stack:
        x = layer(x)
    if len(x.shape) == 4:
        x = layers.GlobalAveragePooling2D(name="average")(x)
    return networks.model(networks.shaken(keras.Model(inputs, layers.Dense(2, name="end")(x))))


def answers_of(model, name):
    return keras.Model(model.keras_model.inputs, model.keras_model.get_layer(name).output)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(6, 3, name="it"),
        layers.Conv2D(6, 3, groups=2, name="it"),
        layers.DepthwiseConv2D(3, depth_multiplier=2, name="it"),
        layers.SeparableConv2D(5, 3, depth_multiplier=2, name="it"),
    ],
    ids=lambda x: f"{type(x).__name__}-{getattr(x, 'groups', 1)}",
)
def test_the_kernel_makes_the_channel(layer):
    """Weights taken by hand, summed over a window, give the channel's own value."""
    model = made(layers.Conv2D(4, 1, name="before"), layer)
    images = networks.images(model.keras_model, 2).astype(np.float32)
    before = answers_of(model, "before")(images).numpy()
    after = answers_of(model, "it")(images).numpy()
    bias = layer.bias.numpy()
    for channel in range(after.shape[-1]):
        found = channel_kernel(model, "it", channel)
        window = before[:, 2:5, 3:6, found.inputs]
        value = (window * found.kernel).sum(axis=(1, 2, 3)) + bias[channel]
        np.testing.assert_allclose(value, after[:, 2, 3, channel], rtol=1e-3, atol=1e-4)
        assert (found.layer, found.input_layer) == ("it", "before")


def test_activation_norm_and_pooling_lead_back_to_the_convolution():
    model = networks.model(networks.nested())
    weights = model.keras_model.get_layer("middle").get_layer("inner").get_layer("conv_1").kernel
    found = channel_kernel(model, "middle/inner/pool", 4)
    assert found.layer == "middle/inner/conv_1" and found.input_layer is None
    np.testing.assert_array_equal(found.kernel, weights.numpy()[..., 4])


def test_a_dense_unit_behind_flattening_has_a_window_as_large_as_the_maps():
    model = networks.model(networks.flat())
    found = channel_kernel(model, "logits", 2)
    assert found.kernel.shape == (4, 4, 8) and found.input_layer == "conv_2"
    weights = model.keras_model.get_layer("logits").kernel.numpy()[:, 2]
    np.testing.assert_array_equal(found.kernel.ravel(), weights)


def test_a_transposed_convolution_has_its_axes_the_other_way_round():
    model = made(layers.Conv2DTranspose(4, 2, strides=2, name="it"))
    weights = model.keras_model.get_layer("it").kernel.numpy()  # (2, 2, 4, 3)
    np.testing.assert_array_equal(channel_kernel(model, "it", 1).kernel, weights[:, :, 1, :])


def test_a_doubled_kernel_is_the_nearest_neighbour_whatever_its_strength():
    model = made(layers.Conv2D(6, 3, name="it"))
    layer = model.keras_model.get_layer("it")
    kernel, bias = layer.get_weights()
    kernel[..., 5], kernel[..., 2] = 3 * kernel[..., 0], 0
    layer.set_weights([kernel, bias])
    found = channel_kernel(model, "it", 0)
    assert found.neighbours[0] == 5 and found.similarity[0] == pytest.approx(1)
    assert 0 not in found.neighbours and len(found.neighbours) == 5
    assert not channel_kernel(model, "it", 2).similarity.any(), "all zeros are like nothing"


def test_sums_and_the_image_have_no_kernel_and_refusals_are_sentences():
    inputs = layers.Input((4, 4, 1), name="image")
    x = layers.Conv2D(2, 1, name="left")(inputs)
    x = layers.Add(name="sum")([x, layers.Conv2D(2, 1, name="right")(inputs)])
    x = layers.ReLU(name="bent")(x)
    x = layers.Flatten()(x)
    model = networks.model(keras.Model(inputs, layers.Dense(2)(x)))
    assert channel_kernel(model, "bent", 0) is None
    assert channel_kernel(model, "image", 0) is None
    with pytest.raises(BadInput, match="no channel 2"):
        channel_kernel(model, "left", 2)
    with pytest.raises(NotFound):
        channel_kernel(model, "nothing", 0)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(6, 3),
        layers.Conv2DTranspose(6, 3),
        layers.SeparableConv2D(6, 3),
        layers.DepthwiseConv2D(3, depth_multiplier=2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_all_kernels_are_those_of_the_channels(layer):
    layer.name = "it"
    model = made(layer)
    kernels = kernels_of(model.keras_model.get_layer("it"))
    assert kernels.shape[3] == 6
    for channel in range(6):
        alone = channel_kernel(model, "it", channel).kernel
        np.testing.assert_array_equal(kernels[..., channel], alone)


def test_a_dense_layer_has_no_kernels():
    model = made()
    assert kernels_of(model.keras_model.get_layer("end")) is None
