import keras
import numpy as np
import pytest
from keras import layers

from cnnviz.datasets.loading import load_dataset
from cnnviz.errors import BadInput, NotFound
from cnnviz.explanation.explain import explain
from cnnviz.inference.feature_maps import feature_maps
from cnnviz.models.loading import open_keras_file
from cnnviz.models.model import Model, load_model, save_model
from cnnviz.models.networks import build
from cnnviz.models.structure import describe_layers, make_card
from cnnviz.models.transfer import BASE, trainable_phase

LENET, RESNET = "shipped:mnist_lenet5", "shipped:cifar10_resnet"


def on(base: str, shape=(28, 28, 1), classes=4, **settings) -> keras.Model:
    return build("transfer", shape, classes, base=base, **settings)


def pixels(shape, count=8, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.uint8)


def learn(model: keras.Model, steps=3, rate=0.05) -> None:
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
    images = pixels(model.input_shape[1:], 16).astype(np.float32)
    labels = np.arange(16) % model.output_shape[-1]
    model.fit(images, labels, batch_size=16, epochs=steps, verbose=0)


def moved(model: keras.Model, steps=3) -> set[str]:
    """Names of the base's layers whose weights a training changed."""
    base = model.get_layer(BASE)
    before = {x.name: x.get_weights() for x in base.layers}
    head = model.get_layer("logits").get_weights()[0]
    learn(model, steps)
    assert not np.array_equal(head, model.get_layer("logits").get_weights()[0])
    return {
        x.name
        for x in base.layers
        if any(
            not np.array_equal(a, b) for a, b in zip(before[x.name], x.get_weights(), strict=True)
        )
    }


def test_features_are_those_of_the_base():
    base = load_model(LENET)
    network = on(LENET, dropout=0.0)
    images = pixels((28, 28, 1))
    ours = keras.Model(network.inputs[0], network.get_layer("logits").input)(
        images.astype("float32")
    )
    theirs = feature_maps(base, images, layers=[base.card.feature_layer])
    np.testing.assert_allclose(ours, theirs[base.card.feature_layer].reshape(8, -1), atol=1e-5)
    assert [x.name for x in network.layers] == ["image", "base", "logits", "softmax"]


def test_frozen_weights_rest_and_only_the_last_layers_asked_for_learn():
    network = on(RESNET, (32, 32, 3))
    assert moved(network) == set()
    trainable_phase(network, 2)
    last = [x.name for x in network.get_layer(BASE).layers if x.name.endswith("_conv")][-2:]
    assert moved(network) == set(last)  # nor did any batch normalisation between them
    trainable_phase(network, 0)
    assert moved(network) == set()
    trainable_phase(network, 1000)
    convolutions = {x.name for x in network.get_layer(BASE).layers if x.name.endswith("_conv")}
    assert moved(network) == convolutions


def test_a_base_is_the_same_in_training_as_out_of_it(home):
    keras.utils.set_random_seed(0)
    inputs = layers.Input((28, 28, 1))
    x = layers.RandomFlip(name="flip")(inputs)
    x = layers.Conv2D(4, 3, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.Dropout(0.5, name="dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    network = keras.Model(inputs, layers.Dense(3, activation="softmax", name="answer")(x))
    reference = save_model(Model(network, make_card(network, "Odd", ["a", "b", "c"])))
    ours = on(reference, dropout=0.0)
    images = pixels((28, 28, 1)).astype(np.float32)
    np.testing.assert_array_equal(ours(images, training=True), ours(images, training=False))


@pytest.mark.parametrize(
    ("base", "shape", "expected"),
    [
        (LENET, (28, 28, 1), []),
        (LENET, (40, 32, 3), ["resize", "to_grey"]),
        (RESNET, (28, 28, 1), ["resize", "to_colour"]),
        ("shipped:imagenet_efficientnet_lite0", (28, 28, 1), ["resize", "to_colour"]),
    ],
)
def test_images_are_brought_to_what_the_base_was_made_for(base, shape, expected):
    network = on(base, shape, dropout=0.0)
    names = [x.name for x in network.layers]
    assert names == ["image", *expected, "base", "logits", "softmax"]
    answers = network(pixels(shape, 2).astype(np.float32)).numpy()
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    if "to_grey" in expected:
        grey = keras.Model(network.inputs[0], network.get_layer("to_grey").output)
        flat = np.full((1, *shape), (30, 60, 90), np.float32)
        np.testing.assert_allclose(grey(flat), 60, rtol=1e-5)
        assert network.get_layer("to_grey").trainable_weights == []


def test_what_digits_taught_helps_with_clothes():
    """A thousand images, three epochs, only the last layer learns."""
    keras.utils.set_random_seed(0)
    train = load_dataset("fashion_mnist", "train", limit=1000)
    val = load_dataset("fashion_mnist", "val")
    network = on(LENET, classes=10)
    network.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    network.fit(train.images, train.labels, epochs=3, verbose=0)
    right = network.predict(val.images, batch_size=500, verbose=0).argmax(axis=1) == val.labels
    assert right.mean() > 0.55  # chance is 0.1


def test_inverted_images_are_what_the_base_gets():
    straight, turned = on(LENET), on(LENET, invert="yes")
    turned.set_weights(straight.get_weights())
    images = pixels((28, 28, 1)).astype(np.float32)
    np.testing.assert_allclose(turned(images), straight(255 - images), atol=1e-6)


def test_what_is_saved_loads_anywhere_and_checkpoints_fit(tmp_path):
    network = on(RESNET, (32, 32, 3))
    trainable_phase(network, 3)
    learn(network)
    images = pixels((32, 32, 3)).astype(np.float32)
    wanted = network(images).numpy()
    network.save(tmp_path / "model.keras")
    loaded = open_keras_file(tmp_path / "model.keras")  # compile=False, safe_mode=True
    np.testing.assert_allclose(loaded(images), wanted, atol=1e-6)
    fresh = on(RESNET, (32, 32, 3))
    for other in (loaded, fresh):
        other.set_weights(network.get_weights())
        np.testing.assert_allclose(other(images), wanted, atol=1e-6)


def test_it_can_be_explained_and_looked_into():
    network = on(RESNET, (28, 28, 1))
    card = make_card(network, "Clothes on photos", [str(i) for i in range(4)])
    model = Model(network, card)
    described = describe_layers(network)
    assert sum(x.parameters for x in described) == network.count_params()
    assert card.heatmap_layer.startswith("base/")
    found = explain(model, pixels((28, 28, 1), 2))
    assert found.heatmaps.shape == (2, 28, 28) and np.isfinite(found.heatmaps).all()
    assert np.abs(found.raw).max() > 0
    maps = feature_maps(model, pixels((28, 28, 1), 2), layers=[card.heatmap_layer])
    assert maps[card.heatmap_layer].ndim == 4


def test_a_base_may_itself_stand_on_a_base(home):
    inner = on(LENET, classes=5)
    reference = save_model(Model(inner, make_card(inner, "First", list("abcde"))))
    network = on(reference, classes=3)
    images = pixels((28, 28, 1)).astype(np.float32)
    assert network(images).shape == (8, 3)
    trainable_phase(network, 1)
    learnt = [v.path for v in network.get_layer(BASE).trainable_weights]
    assert len(learnt) == 2 and all("dense" in path for path in learnt)
    learn(network)


def test_layers_before_a_head_inside_a_nested_model_are_cut_there(home):
    whole = load_model(LENET).keras_model
    outer = layers.Input((28, 28, 1), name="image")
    network = keras.Model(outer, whole(outer))
    card = make_card(network, "Wrapped", [str(i) for i in range(10)])
    assert "/" in card.feature_layer
    reference = save_model(Model(network, card))
    wrapped, plain = on(reference), on(LENET)
    wrapped.set_weights(plain.get_weights())
    images = pixels((28, 28, 1)).astype(np.float32)
    np.testing.assert_allclose(wrapped(images), plain(images), atol=1e-6)


def test_a_base_of_open_size_gets_the_size_of_its_card(home):
    inputs = layers.Input((None, None, 3), name="image")
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(inputs)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    network = keras.Model(inputs, layers.Dense(3, activation="softmax", name="answer")(x))
    card = make_card(network, "Open", ["a", "b", "c"], input_shape=(64, 48, 3))
    ours = on(save_model(Model(network, card)), dropout=0.0)
    assert ours.get_layer("resize").output.shape[1:3] == (64, 48)
    assert ours(pixels((28, 28, 1)).astype(np.float32)).shape == (8, 4)


def test_the_base_computes_in_the_precision_of_the_training_and_is_kept_in_full():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        half = on(RESNET, (32, 32, 3))
    finally:
        keras.config.set_dtype_policy("float32")
    convolution = half.get_layer(BASE).get_layer("stem_conv")
    assert convolution.compute_dtype == "bfloat16" and convolution.kernel.dtype == "float32"
    whole = on(RESNET, (32, 32, 3))
    assert whole.get_layer(BASE).get_layer("stem_conv").compute_dtype == "float32"
    whole.set_weights(half.get_weights())
    images = pixels((32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(half(images), whole(images), atol=0.05)


def test_a_base_that_is_not_there_is_said():
    with pytest.raises(BadInput, match="not the name of a model"):
        on("../etc/passwd")
    with pytest.raises(NotFound):
        on("model:" + "0" * 24)
