import keras
import numpy as np
import pytest

from cnnviz.errors import BadInput
from cnnviz.explanation.explain import explain
from cnnviz.inference.feature_maps import feature_maps
from cnnviz.models.architectures import ARCHITECTURES, get_architecture
from cnnviz.models.model import Model
from cnnviz.models.networks import build
from cnnviz.models.structure import describe_layers, make_card


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("shape", [(28, 28, 1), (41, 33, 3)])
def test_every_architecture_takes_any_input_from_28_pixels(name, shape):
    network = build(name, shape, 4)
    shares = network(np.full((2, *shape), 200.0, np.float32), training=False).numpy()
    assert shares.shape == (2, 4)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    names = [x.name for x in network.layers]
    assert names[0] == "image" and ("rescaling" in names) == (name != "transfer")
    assert len(set(names)) == len(names)
    assert [x.name for x in network.layers[-2:]] == ["logits", "softmax"]


@pytest.mark.parametrize("name", ["own", "transfer"])
def test_smaller_images_are_no_matter_where_the_layers_are_not_fixed(name):
    assert build(name, (12, 12, 1), 4).output_shape == (None, 4)
    with pytest.raises(BadInput, match="at least 28×28"):
        build("lenet5", (12, 12, 1), 4)


def test_parameters_known_from_the_papers():
    # LeNet-5 with full connections between its two convolutions; ResNet-20 of table 6.
    assert build("lenet5", (28, 28, 1), 10).count_params() == 61_706
    trainable = build("cifar_resnet", (32, 32, 3), 10, n=3).trainable_weights
    count = sum(int(np.prod(w.shape)) for w in trainable)
    shortcuts = (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)  # the paper's have no weights
    assert count - shortcuts == 269_722


def test_resnet_has_6n_plus_2_layers():
    for n in (1, 3):
        network = build("cifar_resnet", (32, 32, 3), 10, n=n)
        counted = [
            x
            for x in network.layers
            if type(x).__name__ in ("Conv2D", "Dense") and "shortcut" not in x.name
        ]
        assert len(counted) == 6 * n + 2


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (("alexnet", (32, 32, 3), 10), {}, "no architecture called “alexnet”"),
        (("lenet5", (27, 32, 3), 10), {}, "32×27 pixels"),
        (("lenet5", (32, 32, 2), 10), {}, "not 2"),
        (("lenet5", (32, 32, 3), 1), {}, "at least two classes"),
        (("lenet5", (32, 32, 3), 10), {"n": 3}, "no setting called “n”"),
        (("cifar_resnet", (32, 32, 3), 10), {"n": 10}, "between 1 and 9"),
        (("cifar_resnet", (32, 32, 3), 10), {"n": "many"}, "must be a number"),
        (("tiny_vgg", (32, 32, 3), 10), {"activation": "selu"}, "not “selu”"),
    ],
)
def test_what_cannot_be_built_is_said(arguments, settings, message):
    with pytest.raises(BadInput, match=message):
        build(*arguments, **settings)


def test_settings_are_filled_and_converted():
    assert get_architecture("cifar_resnet").settings({"n": "2"}) == {
        "n": 2,
        "width": 16,
        "dropout": 0.0,
    }


def test_transfer_learning_keeps_its_settings_as_they_are_given():
    given = {"base": "mnist_lenet5", "frozen_epochs": "3", "unfreeze": 2, "dropout": 0.5}
    assert get_architecture("transfer").settings(given) == {
        "base": "shipped:mnist_lenet5",
        "invert": "no",
        "frozen_epochs": 3,
        "unfreeze": 2,
        "dropout": 0.5,
    }
    with pytest.raises(BadInput, match="not the name of a model"):
        get_architecture("transfer").settings({"base": "lenet 5"})


EVERY_KIND = (
    "conv 8, batch norm, relu, squeeze excite 2, residual 8, residual 12 stride 2, "
    "separable 16 stride 2, gelu, pool average, dropout 0.2, conv 8 2x2 valid, leaky relu, tanh, "
    "conv 8, swish, global average, dense 6, batch norm, relu"
)


@pytest.fixture(scope="module")
def every_kind() -> Model:
    keras.utils.set_random_seed(0)
    network = build("own", (28, 28, 3), 3, blocks=EVERY_KIND)
    return Model(network, make_card(network, "Own", ["a", "b", "c"]))


def test_layers_of_own_networks_have_names_that_say_what_they_are(every_kind):
    names = [x.name for x in every_kind.keras_model.layers]
    assert len(set(names)) == len(names)
    for name in ("conv_1", "norm_1", "relu_1", "squeeze_1_scale", "residual_2_shortcut_conv",
                 "separable_1", "gelu_1", "pool_1", "dropout_1", "conv_2", "leaky_relu_1",
                 "average_1", "dense_1", "norm_2", "relu_2", "logits", "softmax"):  # fmt: skip
        assert name in names


def test_own_networks_can_be_looked_into_like_the_others(every_kind):
    images = np.random.default_rng(0).integers(0, 256, (2, 28, 28, 3)).astype(np.uint8)
    card = every_kind.card
    maps = feature_maps(every_kind, images)
    assert set(maps) == {x.name for x in card.layers if x.kind != "InputLayer"}
    for layer in card.layers:
        if layer.kind != "InputLayer":
            assert maps[layer.name].shape[1:] == layer.output_shape
    assert card.heatmap_layer == "swish_1" and card.feature_layer == "relu_2"
    found = explain(every_kind, images)
    assert found.heatmaps.shape == (2, 28, 28) and np.isfinite(found.heatmaps).all()
    # What has looked at the whole image once has no smaller field any more.
    fields = {x.name: x.receptive_field for x in card.layers}
    assert fields["conv_1"].size == (3, 3) and fields["squeeze_1_scale"] is None
    plain = build("own", (28, 28, 1), 3, blocks="separable 4 5x5, pool, separable 4, residual 4")
    sizes = {x.name: x.receptive_field for x in describe_layers(plain)}
    assert sizes["separable_1"].size == (5, 5) and sizes["separable_2"].size == (10, 10)
    assert sizes["residual_1_relu"].size == (18, 18)


def test_multiplying_by_the_gate_and_separable_halves_are_counted(every_kind):
    flops = {x.name: x.flops for x in every_kind.card.layers}
    assert flops["squeeze_1_average"] == 28 * 28 * 8
    assert flops["squeeze_1_narrow"] == 4 * (2 * 8 + 1)
    assert flops["squeeze_1_scale"] == 28 * 28 * 8
    assert flops["separable_1"] == 7 * 7 * 12 * 2 * 9 + 7 * 7 * 16 * (2 * 12 + 1)


def test_dropout_and_activation_are_used():
    assert "dropout" in [x.name for x in build("cifar_resnet", (28, 28, 1), 3, dropout=0.3).layers]
    names = [x.name for x in build("vgg_bn", (28, 28, 1), 3, dropout=0.0, activation="tanh").layers]
    assert not any("dropout" in name for name in names)
    assert "tanh_1_1" in names
