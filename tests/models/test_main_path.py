"""The layers that everything passes, in the shipped networks and in small made-up ones."""

from cnnviz.models.cards import Card, Layer
from cnnviz.models.main_path import main_path
from cnnviz.models.references import ModelReference


def names(card: Card, most: int | None = None) -> list[str]:
    return [layer.name for layer in main_path(card, most)]


def card_of(*layers: tuple[str, str, tuple[str, ...]], feature: str | None) -> Card:
    made = tuple(Layer(name, kind, (8, 8, 4), inputs=inputs) for name, kind, inputs in layers)
    return Card("", ("a", "b"), (8, 8, 1), layers=made, feature_layer=feature)


def test_of_a_plain_network_every_activation():
    card = ModelReference.parse("shipped:fashion_mnist_vgg").card
    assert names(card) == [f"relu_{i}_{j}" for i in (1, 2, 3) for j in (1, 2)]
    digits = ModelReference.parse("shipped:mnist_lenet5").card
    assert names(digits) == ["relu_1", "relu_2", "dense_relu_1", "dense_relu_2"]


def test_of_a_residual_network_the_ends_of_its_blocks():
    card = ModelReference.parse("shipped:cifar10_resnet").card
    blocks = [f"stage_{i}_block_{j}_relu" for i in (1, 2, 3) for j in (1, 2)]
    assert names(card) == ["stem_relu", *blocks]


def test_no_more_than_wanted_with_both_ends():
    card = ModelReference.parse("shipped:imagenet_efficientnet_lite0").card
    every, few = names(card), names(card, 12)
    assert len(every) > 12 and len(few) == 12
    assert few == [name for name in every if name in few]
    assert (few[0], few[-1]) == (every[0], every[-1])


def test_branches_are_left_out_and_what_joins_them_is_kept():
    card = card_of(
        ("image", "InputLayer", ()),
        ("stem", "Conv2D", ("image",)),
        ("left", "Conv2D", ("stem",)),
        ("right", "Conv2D", ("stem",)),
        ("joined", "Concatenate", ("left", "right")),
        ("pool", "MaxPooling2D", ("joined",)),
        ("late", "Conv2D", ("pool",)),
        ("late_relu", "ReLU", ("late",)),
        ("head", "Dense", ("late_relu",)),
        feature="late_relu",
    )
    assert names(card) == ["stem", "joined", "late_relu"]


def test_a_network_without_layers_before_its_head_has_none():
    card = card_of(
        ("image", "InputLayer", ()),
        ("flat", "Flatten", ("image",)),
        ("head", "Dense", ("flat",)),
        feature="flat",
    )
    assert names(card) == []
