import numpy as np
import pytest

from cnnviz.errors import BadInput
from cnnviz.models.architectures import ARCHITECTURES, get_architecture
from cnnviz.models.networks import build


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("shape", [(28, 28, 1), (41, 33, 3)])
def test_every_architecture_takes_any_input_from_28_pixels(name, shape):
    network = build(name, shape, 4)
    shares = network(np.full((2, *shape), 200.0, np.float32), training=False).numpy()
    assert shares.shape == (2, 4)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert [x.name for x in network.layers[:2]] == ["image", "rescaling"]
    assert [x.name for x in network.layers[-2:]] == ["logits", "softmax"]


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
    assert get_architecture("cifar_resnet").settings({"n": "2"}) == {"n": 2, "width": 16}


def test_dropout_and_activation_are_used():
    names = [x.name for x in build("vgg_bn", (28, 28, 1), 3, dropout=0.0, activation="tanh").layers]
    assert not any("dropout" in name for name in names)
    assert "tanh_1_1" in names
