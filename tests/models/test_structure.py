import keras
import pytest
from keras import layers

from cnnviz.inference.layers import capture
from cnnviz.models.cards import Card
from cnnviz.models.networks import build
from cnnviz.models.structure import describe_layers, make_card


def with_base():
    """Transfer learning: a base inside a network, and a Sequential inside the base."""
    small = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, name="conv")(small)
    x = keras.Sequential([layers.Conv2D(5, 3, strides=2, name="conv"), layers.ReLU()], name="tail")(
        x
    )
    base = keras.Model(small, x, name="base")
    image = keras.Input((21, 21, 3), name="image")
    x = base(layers.Rescaling(1 / 255, name="rescaling")(image))
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return keras.Model(image, layers.Dense(2, activation="softmax", name="answer")(x))


@pytest.mark.parametrize("name", ["lenet5", "tiny_vgg", "vgg_bn", "cifar_resnet"])
def test_layers_are_those_of_keras(name):
    network = build(name, (28, 32, 3), 7)
    described = {x.name: x for x in describe_layers(network)}
    assert set(described) == {x.name for x in network.layers}
    for layer in network.layers:
        assert described[layer.name].output_shape == tuple(layer.output.shape[1:])
        assert described[layer.name].parameters == layer.count_params()
        assert described[layer.name].kind == type(layer).__name__
    order = list(described)
    for layer in described.values():
        assert all(order.index(before) < order.index(layer.name) for before in layer.inputs)


def test_branches_name_what_they_come_from():
    described = {x.name: x for x in describe_layers(build("cifar_resnet", (32, 32, 3), 10))}
    add = described["stage_2_block_1_add"]
    assert set(add.inputs) == {"stage_2_block_1_shortcut_norm", "stage_2_block_1_2_norm"}
    assert described["image"].inputs == ()


def test_nested_models_are_opened():
    network = with_base()
    described = describe_layers(network)
    assert [x.name for x in described] == [
        "image",
        "rescaling",
        "base/conv",
        "base/tail/conv",
        next(x.name for x in described if x.kind == "ReLU"),
        "average",
        "answer",
    ]
    assert sum(x.parameters for x in described) == network.count_params()
    by_name = {x.name: x for x in described}
    assert by_name["base/conv"].inputs == ("rescaling",)
    assert by_name["base/conv"].output_shape == (19, 19, 4)
    assert by_name["base/tail/conv"].output_shape == (9, 9, 5)
    field = by_name["base/tail/conv"].receptive_field
    assert (field.size, field.stride, field.start) == ((5, 5), (2, 2), (0, 0))
    assert by_name["average"].inputs == (described[4].name,)


def test_a_layer_used_twice_is_listed_once_where_it_is_used_last():
    image = keras.Input((8, 8, 1), name="image")
    relu = layers.ReLU(name="relu")
    x = relu(layers.Conv2D(2, 3, name="first")(image))
    x = relu(layers.Conv2D(3, 3, name="second")(x))
    described = describe_layers(keras.Model(image, layers.Flatten(name="flat")(x)))
    assert [x.name for x in described] == ["image", "first", "second", "relu", "flat"]
    by_name = {x.name: x for x in described}
    assert by_name["second"].inputs == ("first",)
    assert by_name["flat"].inputs == ("relu",)
    assert by_name["relu"].output_shape == (4, 4, 3)
    assert by_name["relu"].receptive_field.size == (5, 5)
    assert [x.uses for x in described] == [1, 1, 1, 2, 1]


def test_a_convolution_used_twice_is_paid_twice():
    image = keras.Input((8, 8, 2), name="image")
    conv = layers.Conv2D(2, 3, padding="same", use_bias=False, name="conv")
    described = describe_layers(keras.Model(image, conv(conv(image))))
    assert described[-1].flops == 2 * 8 * 8 * 2 * 2 * 9 * 2
    assert described[-1].receptive_field.size == (5, 5)


def test_branches_of_unequal_depth_share_a_layer():
    """Keras runs the deeper branch first: the last use is the one nearer to the output."""
    image = keras.Input((8, 8, 1), name="image")
    conv = layers.Conv2D(1, 3, name="conv")
    deep = layers.MaxPooling2D(2, name="deep_end")(layers.ReLU(name="deep")(conv(image)))
    near = conv(layers.MaxPooling2D(2, padding="same", name="halved")(image))
    gates = [layers.GlobalMaxPooling2D(name=f"max_{i}")(x) for i, x in enumerate((deep, near))]
    network = keras.Model(image, layers.Concatenate(name="both")(gates))
    described = {x.name: x for x in describe_layers(network)}
    picture = keras.ops.reshape(keras.ops.arange(64.0), (1, 8, 8, 1))
    assert (
        described["conv"].output_shape
        == capture(network, ["conv"])(picture).outputs["conv"].shape[1:]
    )


def test_a_nested_model_with_two_inputs_and_two_outputs():
    left, right = keras.Input((8, 8, 2)), keras.Input((8, 8, 2))
    added = layers.Add(name="sum")([left, right])
    block = keras.Model([left, right], [added, layers.ReLU(name="bent")(added)], name="block")
    image = keras.Input((8, 8, 2), name="image")
    first, second = block([image, layers.Conv2D(2, 3, padding="same", name="conv")(image)])
    x = layers.Concatenate(name="both")([second, first])
    described = {x.name: x for x in describe_layers(keras.Model(image, x))}
    assert list(described) == ["image", "conv", "block/sum", "block/bent", "both"]
    assert described["block/sum"].inputs == ("image", "conv")
    assert described["both"].inputs == ("block/bent", "block/sum")
    assert described["both"].receptive_field.size == (3, 3)


def test_sigmoids_side_by_side_answer_each_for_itself():
    def answers(units, activation):
        network = keras.Sequential([layers.Input((4, 4, 1)), layers.Flatten()])
        network.add(layers.Dense(units, activation=activation))
        return make_card(network, "x", "abc"[: max(2, units)]).answers

    assert answers(3, "sigmoid") == "several"
    assert [answers(3, "softmax"), answers(1, "sigmoid"), answers(3, None)] == ["one"] * 3


def test_an_open_input_size_is_filled():
    network = keras.Sequential(
        [
            layers.Input((None, None, 3)),
            layers.Conv2D(2, 3, 2, name="conv"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(2),
        ]
    )
    assert make_card(network, "x", "ab").input_shape == (224, 224, 3)
    card = make_card(network, "x", "ab", input_shape=(33, 41, 3))
    assert card.input_shape == (33, 41, 3)
    assert card.layer("conv").output_shape == (16, 20, 2)


def test_operations_between_layers_are_followed_but_not_listed():
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(2, 3, name="conv")(image)
    y = layers.ReLU(name="relu")(x * 2.0 + 1.0)
    described = {x.name: x for x in describe_layers(keras.Model(image, y))}
    assert list(described) == ["image", "conv", "relu"]
    assert described["relu"].inputs == ("conv",)


@pytest.mark.parametrize(
    ("name", "heatmap", "feature", "filters"),
    [
        ("lenet5", "relu_2", "dense_relu_2", "relu_2"),
        ("tiny_vgg", "relu_2_2", "flatten", "relu_2_1"),
        ("vgg_bn", "relu_3_2", "average", "relu_2_2"),
        ("cifar_resnet", "stage_3_block_1_relu", "average", "stage_2_block_1_1_relu"),
    ],
)
def test_defaults_of_the_pages(name, heatmap, feature, filters):
    card = make_card(build(name, (32, 32, 3), 10), "x", "0123456789")
    assert (card.heatmap_layer, card.feature_layer, card.filter_layer) == (
        heatmap,
        feature,
        filters,
    )


def test_a_network_without_maps_has_no_heatmap_layer():
    prepared = [layers.Input((4, 4, 1)), layers.Rescaling(1 / 255)]
    network = keras.Sequential([*prepared, layers.Flatten(), layers.Dense(2)])
    card = make_card(network, "x", "ab")
    assert (card.heatmap_layer, card.filter_layer) == (None, None)
    assert card.feature_layer == card.layers[2].name


def test_a_card_survives_its_file():
    card = make_card(with_base(), "Base", ["a", "b"], story="s", licence="MIT")
    assert Card.from_json(card.to_json()) == card
    assert card.parameters == with_base().count_params()
    assert card.flops == sum(x.flops for x in card.layers) > 0
    assert set(card.versions) == {"keras", "tensorflow"}


def test_layers_whose_values_are_bent_already():
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(4, 3, activation="relu", name="fused")(image)
    x = layers.Conv2D(4, 3, name="bare")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Activation("gelu", name="bend")(x)
    x = layers.MaxPooling2D(name="pool")(x)
    x = layers.LeakyReLU(name="leaky")(layers.Conv2D(4, 3, name="plain")(x))
    x = layers.Dense(2, activation="relu", name="dense")(layers.Flatten(name="flat")(x))
    card = make_card(keras.Model(image, x), "x", "ab")
    assert [x.name for x in card.activation_layers] == ["fused", "bend", "leaky"]
